/* As much of io_uring(7) as sending takes. One thread opens, uses and closes a ring.

   The kernel's structures are written down in uring.c, since distributions' headers lack newer
   flags, and there is no library to depend on. */
#ifndef FEED_URING_H
#define FEED_URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URING_ENTRIES = 512 };

struct uring_request;

/* What the kernel says of a request. */
struct uring_answer {
    uint64_t user_data; /* of the request */
    int32_t result;     /* as the system call would return it; negative: -errno */
    uint32_t flags;
};

struct uring {
    int fd;
    struct uring_request *requests;
    size_t requests_bytes;
    char *rings; /* both: what is submitted, what is answered */
    size_t rings_bytes;
    uint32_t *submit_head, *submit_tail, submit_mask;
    uint32_t *answer_head, *answer_tail, answer_mask;
    struct uring_answer *answers;
};

/* Make a ring; return 0, or the errno that says why it cannot be had. */
int uring_open(struct uring *ring);
void uring_close(struct uring *ring);

/* Close it in a child of fork(), which has the descriptor, but not the memory. */
void uring_forget(struct uring *ring);

/* Put a send() at a place, counted from 0 in each submission, all below URING_ENTRIES. */
void uring_queue_send(struct uring *ring, unsigned place, int fd, const void *bytes, uint32_t size,
                      int flags, uint64_t user_data);

/* Submit what was queued, and wait until all of it is answered; tell whether the ring works.

   When it does not, `submitted` says how many requests, from the first, the kernel has seen. */
bool uring_submit_and_wait(struct uring *ring, unsigned queued, unsigned *submitted);

/* Take the next answer, if there is one. */
bool uring_next_answer(struct uring *ring, struct uring_answer *answer);

#endif
