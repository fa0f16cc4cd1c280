#define _GNU_SOURCE
#include "helpers.h"

#include <signal.h>

enum { STACK_BYTES = 256 * 1024 };

static void begin_without_threads(struct helpers *helpers)
{
    pthread_mutex_init(&helpers->lock, NULL);
    pthread_cond_init(&helpers->woken, NULL);
    pthread_cond_init(&helpers->finished, NULL);
    atomic_store(&helpers->claims, 0);
    helpers->running = 0;
    helpers->rounds = 0;
    helpers->leaving = false;
}

void helpers_init(struct helpers *helpers, int wanted, bool wants_ring)
{
    helpers->wanted = wanted < MOST_HELPERS ? wanted : MOST_HELPERS;
    for (int i = 0; i < MOST_HELPERS; i++) {
        helpers->each[i].all = helpers;
        helpers->each[i].sender = (struct sender){.wants_ring = wants_ring};
    }
    begin_without_threads(helpers);
}

/* Claim chunks and send them until none is left. */
static void send_chunks(struct helpers *helpers, struct sender *sender)
{
    for (;;) {
        uint64_t claim = atomic_fetch_add(&helpers->claims, 1);
        uint32_t chunks = (uint32_t)(claim >> 32), chunk = (uint32_t)claim;
        if (chunk >= chunks) {
            return;
        }
        size_t first = (size_t)chunk * CHUNK_JOBS, rest = helpers->count - first;
        sender_send(sender, helpers->jobs + first, rest < CHUNK_JOBS ? rest : CHUNK_JOBS);
        if (atomic_fetch_add(&helpers->sent_chunks, 1) + 1 == chunks) {
            pthread_mutex_lock(&helpers->lock);
            pthread_cond_signal(&helpers->finished);
            pthread_mutex_unlock(&helpers->lock);
        }
    }
}

static void *help(void *argument)
{
    struct helper *helper = argument;
    struct helpers *helpers = helper->all;
    unsigned seen = 0;
    for (;;) {
        pthread_mutex_lock(&helpers->lock);
        while (helpers->rounds == seen && !helpers->leaving) {
            pthread_cond_wait(&helpers->woken, &helpers->lock);
        }
        seen = helpers->rounds;
        bool leaving = helpers->leaving;
        pthread_mutex_unlock(&helpers->lock);
        if (leaving) {
            sender_close(&helper->sender);
            return NULL;
        }
        send_chunks(helpers, &helper->sender);
    }
}

/* Start those that are missing; signals stay with the threads that Python knows. */
static void start(struct helpers *helpers)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (helpers->running < helpers->wanted) {
        struct helper *helper = &helpers->each[helpers->running];
        if (pthread_create(&helper->thread, &attributes, help, helper) != 0) {
            helpers->wanted = helpers->running; /* no more can be had; asking each time would cost */
            break;
        }
#ifdef __linux__
        pthread_setname_np(helper->thread, "feed-send");
#endif
        helpers->running++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
}

void helpers_send(struct helpers *helpers, struct sender *own, struct job *jobs, size_t count)
{
    if (count < FEWEST_JOBS || helpers->wanted == 0) {
        sender_send(own, jobs, count);
        return;
    }
    if (helpers->running < helpers->wanted) {
        start(helpers);
    }
    uint32_t chunks = (uint32_t)((count + CHUNK_JOBS - 1) / CHUNK_JOBS);
    helpers->jobs = jobs;
    helpers->count = count;
    atomic_store(&helpers->sent_chunks, 0);
    atomic_store(&helpers->claims, (uint64_t)chunks << 32); /* the round begins */

    pthread_mutex_lock(&helpers->lock);
    helpers->rounds++;
    pthread_cond_broadcast(&helpers->woken);
    pthread_mutex_unlock(&helpers->lock);

    send_chunks(helpers, own);

    pthread_mutex_lock(&helpers->lock);
    while (atomic_load(&helpers->sent_chunks) < chunks) {
        pthread_cond_wait(&helpers->finished, &helpers->lock);
    }
    pthread_mutex_unlock(&helpers->lock);
}

void helpers_close(struct helpers *helpers)
{
    pthread_mutex_lock(&helpers->lock);
    helpers->leaving = true;
    pthread_cond_broadcast(&helpers->woken);
    pthread_mutex_unlock(&helpers->lock);
    for (int i = 0; i < helpers->running; i++) {
        pthread_join(helpers->each[i].thread, NULL);
    }
    helpers->running = 0;
    helpers->wanted = 0;
}

void helpers_forget(struct helpers *helpers)
{
    for (int i = 0; i < helpers->running; i++) {
        sender_forget(&helpers->each[i].sender);
    }
    begin_without_threads(helpers);
}
