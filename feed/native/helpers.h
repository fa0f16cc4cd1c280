/* Threads that help the loop's thread to send. All claim chunks of jobs from one counter; the loop's
   thread claims too, and waits only for chunks that were claimed. */
#ifndef FEED_HELPERS_H
#define FEED_HELPERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "sender.h"

enum {
    MOST_HELPERS = 7,
    CHUNK_JOBS = 32,
    FEWEST_JOBS = 512, /* below it, waking somebody lost or gained nothing (measured) */
};

struct helper {
    struct helpers *all;
    struct sender sender;
    pthread_t thread;
};

struct helpers {
    int wanted, running; /* started when there is enough to do */
    struct helper each[MOST_HELPERS];

    /* The round: jobs that are shared out. High half: its chunks; low half: the next to claim. Who
       claims one below the number of chunks may read `jobs`: the round lasts until it is sent. */
    _Atomic uint64_t claims;
    _Atomic uint32_t sent_chunks;
    struct job *jobs;
    size_t count;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t woken, finished;
    unsigned rounds;
    bool leaving;
};

void helpers_init(struct helpers *helpers, int wanted, bool wants_ring);

/* Send jobs with whoever helps; return when all are answered. */
void helpers_send(struct helpers *helpers, struct sender *own, struct job *jobs, size_t count);

/* End the threads, and wait for them. None is started again. */
void helpers_close(struct helpers *helpers);

/* In a child of fork(), which has no threads: others are started when there is enough to do. */
void helpers_forget(struct helpers *helpers);

#endif
