/* The floor in C: send() in a loop, and nothing else.
 *
 * bare_c HZ FILE websocket|sse|stream same|rotate: listens on a free port of 127.0.0.1, says
 * "port N", and HZ times a second sends a line of FILE to everybody: as a WebSocket text message,
 * as an event, or as a line, the latter two in chunks of HTTP/1.1. "same": all lines in turn, each
 * to everybody, stamped with the time of its sending. "rotate": subscriber k is k lines ahead, and
 * nothing is stamped. Answers an upgrade without computing its key: only the swarm talks to it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SUBSCRIBERS = 65536, MAX_PAYLOADS = 65536, ENVELOPE_BYTES = 64, STAMP_BYTES = 30 };
enum transport { WEBSOCKET, SSE, STREAM };

/* Before and after a payload in its chunk; an id is as long as a position of ours. */
static const char *const before_payload[] = {"", "id: abcdefgh-1234567\ndata: ", ""};
static const char *const after_payload[] = {"", "\n\n", "\n"};

struct frame {
    char *bytes;
    size_t length;
    char *stamp; /* where the newest time stamp is, or NULL */
};

static struct frame frames[MAX_PAYLOADS];
static int subscribers[MAX_SUBSCRIBERS];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Write the header of a WebSocket text message (RFC 6455, section 5.2); return its length. */
static size_t websocket_header(unsigned char *header, size_t length) {
    header[0] = 0x81;
    if (length < 126) {
        header[1] = length;
        return 2;
    }
    if (length < 65536) {
        header[1] = 126;
        header[2] = length >> 8;
        header[3] = length;
        return 4;
    }
    header[1] = 127;
    for (int i = 0; i < 8; i++) header[2 + i] = (uint64_t)length >> (56 - 8 * i);
    return 10;
}

/* Make the frame of a line: a WebSocket message, or a chunk (RFC 9112, section 7.1). */
static struct frame frame_of(enum transport transport, const char *line, size_t length) {
    struct frame frame = {.bytes = malloc(length + ENVELOPE_BYTES)};
    const char *before = before_payload[transport], *after = after_payload[transport];
    size_t at;
    if (!frame.bytes) die("malloc");
    if (transport == WEBSOCKET)
        at = websocket_header((unsigned char *)frame.bytes, length);
    else
        at = sprintf(frame.bytes, "%zx\r\n%s", strlen(before) + length + strlen(after), before);
    memcpy(frame.bytes + at, line, length);
    frame.length = at + length;
    if (transport != WEBSOCKET)
        frame.length += sprintf(frame.bytes + frame.length, "%s\r\n", after);
    frame.bytes[frame.length] = 0;
    for (char *found = frame.bytes + at; (found = strstr(found, "\"t\":\"")) != NULL; found++)
        frame.stamp = found + 5;
    if (frame.stamp && frame.stamp + STAMP_BYTES > frame.bytes + frame.length) frame.stamp = NULL;
    return frame;
}

static void stamp(struct frame *frame) {
    int64_t now = now_ns(CLOCK_REALTIME);
    time_t seconds = now / 1000000000;
    struct tm parts;
    char text[64];
    if (!frame->stamp) return;
    gmtime_r(&seconds, &parts);
    size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, sizeof text - length, ".%09dZ", (int)(now % 1000000000));
    memcpy(frame->stamp, text, STAMP_BYTES);
}

/* Read the request, which its first segment holds whole, and agree. */
static int welcome(int listener, enum transport transport) {
    const char *answer =
        transport == WEBSOCKET
            ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            : "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    char request[65536];
    int one = 1;
    struct timeval patience = {60, 0}; /* REQUEST_TIMEOUT_S */
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (recv(fd, request, sizeof request, 0) <= 0 ||
        send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int usage(void) {
    fprintf(stderr, "usage: bare_c HZ FILE websocket|sse|stream same|rotate\n");
    return 2;
}

int main(int argc, char **argv) {
    static const char *const transports[] = {"websocket", "sse", "stream"};
    enum transport transport = WEBSOCKET;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t address_size = sizeof address;
    char *line = NULL;
    size_t line_size = 0;
    ssize_t length;
    size_t frame_count = 0, subscriber_count = 0;
    if (argc != 5 || atof(argv[1]) <= 0) return usage();
    while (strcmp(argv[3], transports[transport]))
        if (transport++ == STREAM) return usage();
    int rotates = !strcmp(argv[4], "rotate");
    if (!rotates && strcmp(argv[4], "same")) return usage();
    FILE *file = fopen(argv[2], "r");
    if (!file) die(argv[2]);
    while (frame_count < MAX_PAYLOADS && (length = getline(&line, &line_size, file)) > 0)
        frames[frame_count++] = frame_of(transport, line, length - (line[length - 1] == '\n'));
    if (!frame_count) {
        fprintf(stderr, "%s: no payloads\n", argv[2]);
        return 2;
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096) ||
        getsockname(listener, (struct sockaddr *)&address, &address_size))
        die("listen");
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);

    int64_t step_ns = 1e9 / atof(argv[1]);
    int64_t next_ns = now_ns(CLOCK_MONOTONIC);
    for (size_t turn = 0;; turn++, next_ns += step_ns) {
        for (;;) {
            struct pollfd poll_listener = {.fd = listener, .events = POLLIN};
            int64_t left_ns = next_ns - now_ns(CLOCK_MONOTONIC);
            struct timespec left = {left_ns / 1000000000, left_ns % 1000000000};
            if (left_ns < 0) left = (struct timespec){0, 0};
            if (ppoll(&poll_listener, 1, &left, NULL) <= 0) break;
            int fd = welcome(listener, transport);
            if (fd >= 0 && subscriber_count < MAX_SUBSCRIBERS) subscribers[subscriber_count++] = fd;
        }
        struct frame *frame = &frames[turn % frame_count];
        if (!rotates) stamp(frame);
        for (size_t i = 0; i < subscriber_count;) {
            if (rotates) frame = &frames[(turn + i) % frame_count];
            if (send(subscribers[i], frame->bytes, frame->length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
                close(subscribers[i]);
                subscribers[i] = subscribers[--subscriber_count];
            } else {
                i++;
            }
        }
    }
}
