// The tap: bytes go through unchanged in both directions; those of the publisher are read on the way.
#include "tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 64 << 10 };

static void watch(Tap *t, int handle, uint32_t events, bool is_new) {
    struct epoll_event event = {.events = events, .data.ptr = t};
    if (epoll_ctl(t->epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, handle, &event)) die("epoll: %s", strerror(errno));
}

int tap_start(Tap *t, int epoll, Ledger *ledger, uint16_t server_port) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    t->epoll = epoll;
    t->ledger = ledger;
    t->server_port = server_port;
    t->publisher = t->server = -1;
    t->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (t->listener < 0 || bind(t->listener, (struct sockaddr *)&here, size) || listen(t->listener, 1)) die("cannot listen");
    getsockname(t->listener, (struct sockaddr *)&here, &size);
    watch(t, t->listener, EPOLLIN, true);
    return ntohs(here.sin_port);
}

static void accept_publisher(Tap *t) {
    int handle = accept4(t->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
    if (handle < 0) return;
    // One run, one publisher.
    if (t->publisher >= 0 || t->ended) {
        close(handle);
        return;
    }
    struct sockaddr_in there = {
        .sin_family = AF_INET, .sin_port = htons(t->server_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    t->publisher = handle;
    t->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(t->server, (struct sockaddr *)&there, sizeof there)) die("no server on port %d", t->server_port);
    setsockopt(t->server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(t->publisher, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    t->handshake_left = 1 + 2 * HANDSHAKE;
    t->waiting = must_have(malloc(BLOCK));
    watch(t, t->publisher, EPOLLIN, true);
    watch(t, t->server, EPOLLIN, true);
}

static void end(Tap *t) {
    if (t->publisher < 0) return;
    close(t->publisher);
    close(t->server);
    t->publisher = t->server = -1;
    t->ended = now_ns();
}

static void on_message(void *who, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length) {
    Tap *t = who;
    if ((type != AUDIO && type != VIDEO) || length == 0 || is_codec_header(type, body, length)) return;
    if (!t->first_media) t->first_media = t->now;
    ledger_add(t->ledger, type, timestamp, body, length, t->now);
}

static void pass_on(Tap *t) {
    while (t->waiting_at < t->waiting_count) {
        ssize_t sent = send(t->server, t->waiting + t->waiting_at, t->waiting_count - t->waiting_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EAGAIN) {
            watch(t, t->server, EPOLLIN | EPOLLOUT, false);
            watch(t, t->publisher, 0, false);
            return;
        }
        if (sent < 0) {
            end(t);
            return;
        }
        t->waiting_at += (size_t)sent;
    }
}

static void from_publisher(Tap *t) {
    ssize_t got = recv(t->publisher, t->waiting, BLOCK, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        end(t);
        return;
    }
    t->waiting_count = (size_t)got;
    t->waiting_at = 0;
    t->bytes += (size_t)got;
    t->now = now_ns();
    size_t skip = t->handshake_left < (size_t)got ? t->handshake_left : (size_t)got;
    t->handshake_left -= skip;
    if (!chunks_read(&t->chunks, t->waiting + skip, (size_t)got - skip, on_message, t)) die("the publisher's chunks make no sense");
    pass_on(t);
}

static void from_server(Tap *t) {
    uint8_t block[4096];
    ssize_t got = recv(t->server, block, sizeof block, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    // What a server tells a publisher is little: it is taken at once or the publisher has gone.
    if (got <= 0 || send(t->publisher, block, (size_t)got, MSG_NOSIGNAL | MSG_DONTWAIT) != got) end(t);
}

void tap_event(Tap *t) {
    accept_publisher(t);
    if (t->publisher >= 0) from_server(t);
    if (t->publisher >= 0 && t->waiting_at < t->waiting_count) {
        pass_on(t);
        if (t->publisher >= 0 && t->waiting_at == t->waiting_count) {
            watch(t, t->server, EPOLLIN, false);
            watch(t, t->publisher, EPOLLIN, false);
        }
    }
    if (t->publisher >= 0 && t->waiting_at == t->waiting_count) from_publisher(t);
}
