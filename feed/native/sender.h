/* One thread's sends: jobs in, what became of them out. Knows neither Python nor other threads. */
#ifndef FEED_SENDER_H
#define FEED_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uring.h"

/* Bytes for one socket. */
struct job {
    const char *bytes;
    uint32_t size;
    int fd;       /* -1: not to be sent here */
    int32_t sent; /* how many bytes the socket took; negative: -errno */
};

/* What a thread sends with. */
struct sender {
    bool wants_ring; /* as long as it is true and there is none, one is made at first use */
    bool has_ring;
    struct uring ring;
};

/* Give each job's bytes to its socket, once, without waiting; return when all are answered. */
void sender_send(struct sender *sender, struct job *jobs, size_t count);

/* Give the ring back; from now on the thread uses send(). */
void sender_close(struct sender *sender);

/* In a child of fork(): the ring is the parent's. Let go of it; another is made at first use. */
void sender_forget(struct sender *sender);

#endif
