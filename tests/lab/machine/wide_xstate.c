/* Preloaded into User-Mode Linux where the processor has more state than its kernel has room for.
 *
 * User-Mode Linux before 6.13 keeps 2696 bytes of extended processor state for each program
 * (HOST_FP_SIZE, arch/x86/um/user-offsets.c). With AMX there are about 11000, and Linux takes them
 * back from a tracer whole or not at all: EFAULT (xstateregs_set(), arch/x86/kernel/fpu/regset.c).
 * So: what fits is handed through, and the rest goes back in its initial state. Nobody misses it:
 * a program has to ask its kernel for AMX, and the kernel of a guest does not know it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <linux/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { LARGEST = 64 * 1024, XSTATE_BV = 512 };
/* The components up to PKRU (bit 9), which end at byte 2696. */
static const uint64_t KNOWN = (1 << 10) - 1;

typedef long (*ptrace_t)(int, pid_t, void *, void *);

static long read_whole(ptrace_t real, pid_t pid, void *buffer, size_t *size)
{
    struct iovec whole = {buffer, LARGEST};
    long failed = real(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &whole);

    *size = whole.iov_len;
    return failed;
}

static long get(ptrace_t real, pid_t pid, struct iovec *wanted)
{
    static _Alignas(64) uint8_t buffer[LARGEST];
    size_t size;
    long failed = read_whole(real, pid, buffer, &size);

    if (failed)
        return failed;
    if (size < wanted->iov_len)
        wanted->iov_len = size;
    memcpy(wanted->iov_base, buffer, wanted->iov_len);
    return 0;
}

static long set(ptrace_t real, pid_t pid, const struct iovec *given)
{
    static _Alignas(64) uint8_t buffer[LARGEST];
    static size_t size;
    struct iovec whole = {buffer, 0};
    uint64_t components;

    if (!size && read_whole(real, pid, buffer, &size)) {
        size = 0;
        return -1;
    }
    memcpy(buffer, given->iov_base, given->iov_len);
    memset(buffer + given->iov_len, 0, size - given->iov_len);
    memcpy(&components, buffer + XSTATE_BV, sizeof components);
    components &= KNOWN;
    memcpy(buffer + XSTATE_BV, &components, sizeof components);
    whole.iov_len = size;
    return real(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &whole);
}

/* In place of glibc's; on x86-64 a call of a variadic function with four words looks the same. */
long ptrace(int request, pid_t pid, void *address, void *data)
{
    static ptrace_t real;

    if (!real)
        real = (ptrace_t)dlsym(RTLD_NEXT, "ptrace");
    if ((uintptr_t)address == NT_X86_XSTATE && request == PTRACE_GETREGSET)
        return get(real, pid, data);
    if ((uintptr_t)address == NT_X86_XSTATE && request == PTRACE_SETREGSET)
        return set(real, pid, data);
    return real(request, pid, address, data);
}
