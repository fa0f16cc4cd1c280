#include "sender.h"

#include <errno.h>
#include <sys/socket.h>

#ifndef MSG_NOSIGNAL /* macOS; Python ignores SIGPIPE there too */
#define MSG_NOSIGNAL 0
#endif

/* MSG_DONTWAIT: without it a request of io_uring on a full socket stays pending, and its bytes would
   leave at some time, between others. */
static const int FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL;
static const int32_t UNANSWERED = INT32_MIN;

static void send_job(struct job *job)
{
    ssize_t sent;
    do {
        sent = send(job->fd, job->bytes, job->size, FLAGS);
    } while (sent < 0 && errno == EINTR);
    job->sent = sent < 0 ? -errno : (int32_t)sent;
}

static void send_each(struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].fd >= 0) {
            send_job(&jobs[i]);
        }
    }
}

static void take_answers(struct uring *ring)
{
    struct uring_answer answer;
    while (uring_next_answer(ring, &answer)) {
        ((struct job *)(uintptr_t)answer.user_data)->sent = answer.result;
    }
}

/* The ring failed. Jobs that the kernel has not seen are sent without it. It has answered all that
   it has seen, since none may wait; should it not have, nobody knows what the socket took: its
   stream ends here, before anything wrong can follow. */
static void finish_without_ring(struct job *jobs, size_t count, unsigned submitted)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].fd < 0) {
            continue;
        }
        if (submitted == 0) {
            send_job(&jobs[i]);
            continue;
        }
        submitted--;
        if (jobs[i].sent == UNANSWERED) {
            shutdown(jobs[i].fd, SHUT_RDWR);
            jobs[i].sent = -EPIPE;
        }
    }
}

/* Send as many jobs as the ring has room for; return how many were looked at. */
static size_t send_by_ring(struct sender *sender, struct job *jobs, size_t count)
{
    struct uring *ring = &sender->ring;
    unsigned queued = 0;
    size_t looked_at = 0;
    for (; looked_at < count && queued < URING_ENTRIES; looked_at++) {
        struct job *job = &jobs[looked_at];
        if (job->fd >= 0) {
            job->sent = UNANSWERED;
            uring_queue_send(ring, queued++, job->fd, job->bytes, job->size, FLAGS,
                             (uint64_t)(uintptr_t)job);
        }
    }
    unsigned submitted = 0;
    bool works = uring_submit_and_wait(ring, queued, &submitted);
    take_answers(ring);
    if (!works) {
        sender_close(sender);
        finish_without_ring(jobs, looked_at, submitted);
    }
    return looked_at;
}

void sender_send(struct sender *sender, struct job *jobs, size_t count)
{
    if (sender->wants_ring && !sender->has_ring) {
        sender->has_ring = uring_open(&sender->ring) == 0;
        sender->wants_ring = sender->has_ring;
    }
    while (count > 0 && sender->has_ring) {
        size_t looked_at = send_by_ring(sender, jobs, count);
        jobs += looked_at;
        count -= looked_at;
    }
    send_each(jobs, count);
}

void sender_close(struct sender *sender)
{
    if (sender->has_ring) {
        uring_close(&sender->ring);
    }
    sender->has_ring = false;
    sender->wants_ring = false;
}

void sender_forget(struct sender *sender)
{
    if (sender->has_ring) {
        uring_forget(&sender->ring);
    }
    sender->has_ring = false;
}
