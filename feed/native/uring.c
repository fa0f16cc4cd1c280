#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>

#ifdef __linux__

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/io_uring.h. The numbers of the calls are the same on every architecture that Python's wheels
   know. */
enum {
    SYS_SETUP = 425,
    SYS_ENTER = 426,
    OP_SEND = 26,
    ENTER_GETEVENTS = 1 << 0,
    SETUP_SUBMIT_ALL = 1 << 7,     /* a request that fails does not hold up those behind it; 5.18 */
    SETUP_SINGLE_ISSUER = 1 << 12, /* one thread submits; 6.0 */
    SETUP_DEFER_TASKRUN = 1 << 13, /* answers are made while it waits, not by interrupts; 6.1 */
    FEAT_SINGLE_MMAP = 1 << 0,
    FEAT_NODROP = 1 << 1,
};
static const off_t OFFSET_RINGS = 0;
static const off_t OFFSET_REQUESTS = 0x10000000;

struct uring_request {
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t offset;
    uint64_t address;
    uint32_t length;
    uint32_t message_flags;
    uint64_t user_data;
    uint64_t unused[3];
};

struct submit_offsets {
    uint32_t head, tail, mask, entries, flags, dropped, array, unused;
    uint64_t address;
};

struct answer_offsets {
    uint32_t head, tail, mask, entries, overflow, answers, flags, unused;
    uint64_t address;
};

struct parameters {
    uint32_t submit_entries, answer_entries, flags, thread_cpu, thread_idle, features, wq_fd;
    uint32_t unused[3];
    struct submit_offsets submit;
    struct answer_offsets answer;
};

_Static_assert(sizeof(struct uring_request) == 64, "as the kernel has it");
_Static_assert(sizeof(struct uring_answer) == 16, "as the kernel has it");
_Static_assert(sizeof(struct parameters) == 120, "as the kernel has it");

static void *map(const struct uring *ring, size_t bytes, off_t offset)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
                        offset);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    madvise(memory, bytes, MADV_DONTFORK); /* a child must not touch it */
    return memory;
}

int uring_open(struct uring *ring)
{
    struct parameters told = {
        .flags = SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN,
    };
    memset(ring, 0, sizeof *ring);
    ring->fd = (int)syscall(SYS_SETUP, URING_ENTRIES, &told);
    if (ring->fd < 0) {
        return errno;
    }
    if (!(told.features & FEAT_SINGLE_MMAP) || !(told.features & FEAT_NODROP)) {
        uring_close(ring);
        return ENOSYS;
    }
    size_t submit_bytes = told.submit.array + told.submit_entries * sizeof(uint32_t);
    size_t answer_bytes = told.answer.answers + told.answer_entries * sizeof(struct uring_answer);
    ring->rings_bytes = submit_bytes > answer_bytes ? submit_bytes : answer_bytes;
    ring->requests_bytes = told.submit_entries * sizeof(struct uring_request);
    ring->rings = map(ring, ring->rings_bytes, OFFSET_RINGS);
    ring->requests = map(ring, ring->requests_bytes, OFFSET_REQUESTS);
    if (ring->rings == NULL || ring->requests == NULL) {
        int error = errno;
        uring_close(ring);
        return error;
    }
    ring->submit_head = (uint32_t *)(void *)(ring->rings + told.submit.head);
    ring->submit_tail = (uint32_t *)(void *)(ring->rings + told.submit.tail);
    ring->submit_mask = *(uint32_t *)(void *)(ring->rings + told.submit.mask);
    ring->answer_head = (uint32_t *)(void *)(ring->rings + told.answer.head);
    ring->answer_tail = (uint32_t *)(void *)(ring->rings + told.answer.tail);
    ring->answer_mask = *(uint32_t *)(void *)(ring->rings + told.answer.mask);
    ring->answers = (struct uring_answer *)(void *)(ring->rings + told.answer.answers);
    uint32_t *order = (uint32_t *)(void *)(ring->rings + told.submit.array);
    for (uint32_t i = 0; i < told.submit_entries; i++) {
        order[i] = i;
    }
    return 0;
}

void uring_forget(struct uring *ring)
{
    close(ring->fd);
    memset(ring, 0, sizeof *ring);
}

void uring_close(struct uring *ring)
{
    if (ring->requests != NULL) {
        munmap(ring->requests, ring->requests_bytes);
    }
    if (ring->rings != NULL) {
        munmap(ring->rings, ring->rings_bytes);
    }
    uring_forget(ring);
}

void uring_queue_send(struct uring *ring, unsigned place, int fd, const void *bytes, uint32_t size,
                      int flags, uint64_t user_data)
{
    /* Nothing of an earlier submission is left, so the tail is where the kernel reads on. */
    ring->requests[(*ring->submit_tail + place) & ring->submit_mask] = (struct uring_request){
        .opcode = OP_SEND,
        .fd = fd,
        .address = (uint64_t)(uintptr_t)bytes,
        .length = size,
        .message_flags = (uint32_t)flags,
        .user_data = user_data,
    };
}

/* How many answers wait to be taken. */
static unsigned answered(const struct uring *ring)
{
    return __atomic_load_n(ring->answer_tail, __ATOMIC_ACQUIRE) - *ring->answer_head;
}

bool uring_submit_and_wait(struct uring *ring, unsigned queued, unsigned *submitted)
{
    uint32_t begin = *ring->submit_tail;
    __atomic_store_n(ring->submit_tail, begin + queued, __ATOMIC_RELEASE);
    *submitted = 0;
    while (*submitted < queued || answered(ring) < queued) {
        /* It waits for `queued` answers in the ring, and does not where fewer were submitted. */
        long taken = syscall(SYS_ENTER, ring->fd, queued - *submitted, queued, ENTER_GETEVENTS,
                             NULL, (size_t)0);
        if (taken < 0 && errno != EINTR) {
            *submitted = __atomic_load_n(ring->submit_head, __ATOMIC_ACQUIRE) - begin;
            return *submitted == queued && answered(ring) == queued;
        }
        *submitted = __atomic_load_n(ring->submit_head, __ATOMIC_ACQUIRE) - begin;
    }
    return true;
}

bool uring_next_answer(struct uring *ring, struct uring_answer *answer)
{
    if (answered(ring) == 0) {
        return false;
    }
    uint32_t head = *ring->answer_head;
    *answer = ring->answers[head & ring->answer_mask];
    __atomic_store_n(ring->answer_head, head + 1, __ATOMIC_RELEASE);
    return true;
}

#else /* it is Linux's */

int uring_open(struct uring *ring)
{
    (void)ring;
    return ENOSYS;
}

void uring_close(struct uring *ring)
{
    (void)ring;
}

void uring_forget(struct uring *ring)
{
    (void)ring;
}

void uring_queue_send(struct uring *ring, unsigned place, int fd, const void *bytes, uint32_t size,
                      int flags, uint64_t user_data)
{
    (void)ring, (void)place, (void)fd, (void)bytes, (void)size, (void)flags, (void)user_data;
}

bool uring_submit_and_wait(struct uring *ring, unsigned queued, unsigned *submitted)
{
    (void)ring, (void)queued, (void)submitted;
    return false;
}

bool uring_next_answer(struct uring *ring, struct uring_answer *answer)
{
    (void)ring, (void)answer;
    return false;
}

#endif
