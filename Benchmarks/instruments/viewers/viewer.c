// The viewer: handshake, commands, reading.
#include "viewer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

void flv_read(Viewer *, const uint8_t *bytes, size_t count);
void viewer_media(Viewer *, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length);

Address address_parse(const char *url) {
    Address a = {0};
    char host[64];
    int port;
    a.is_flv = strncmp(url, "http://", 7) == 0;
    const char *rest = url + 7;
    if ((!a.is_flv && strncmp(url, "rtmp://", 7)) || sscanf(rest, "%63[^:/]:%d", host, &port) != 2) die("no address: %s", url);
    const char *path = strchr(rest, '/'), *last = path ? strchr(path + 1, '/') : NULL;
    if (!path || (!a.is_flv && !last)) die("no stream in %s", url);
    snprintf(a.authority, sizeof a.authority, "%s:%d", host, port);
    snprintf(a.path, sizeof a.path, "%s", path);
    if (last) {
        snprintf(a.application, sizeof a.application, "%.*s", (int)(last - path - 1), path + 1);
        snprintf(a.name, sizeof a.name, "%s", last + 1);
    }
    a.host.address = inet_addr(host);
    a.host.port = htons((uint16_t)port);
    return a;
}

static void watch(Viewer *v, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = v};
    if (epoll_ctl(v->run->epoll, v->is_watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, v->handle, &event)) die("epoll: %s", strerror(errno));
    v->is_watched = true;
}

void viewer_end(Viewer *v) {
    if (v->stage == OVER) return;
    v->stage = OVER;
    v->ended = now_ns();
    close(v->handle);
    chunks_free(&v->chunks);
    free(v->head);
    free(v->body);
    v->head = NULL;
    v->body = NULL;
}

void viewer_start(Viewer *v, Run *run, const Address *address, Manner manner) {
    *v = (Viewer){.kind = KIND_VIEWER, .run = run, .address = address, .manner = manner, .began = now_ns(), .largest_step = -1};
    v->handle = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (v->handle < 0) die("no socket: %s", strerror(errno));
    int one = 1, small = 32 << 10;
    setsockopt(v->handle, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    // Else the kernel swallows seconds of the stream and nobody is slow.
    if (manner != ORDINARY) setsockopt(v->handle, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = address->host.port, .sin_addr.s_addr = address->host.address};
    if (connect(v->handle, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        viewer_end(v);
        return;
    }
    watch(v, EPOLLOUT);
}

static void say(Viewer *v, const uint8_t *bytes, size_t count) {
    if (send(v->handle, bytes, count, MSG_NOSIGNAL) != (ssize_t)count && v->manner == ORDINARY) viewer_end(v);
}

static void say_message(Viewer *v, uint8_t csid, uint8_t type, uint8_t stream, const uint8_t *body, size_t length) {
    uint8_t out[4096];
    if (v->stage != OVER) say(v, out, chunks_write(out, csid, type, stream, body, length));
}

static void say_number(Viewer *v, uint8_t type, uint32_t value) {
    const uint8_t body[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    say_message(v, 2, type, 0, body, 4);
}

static void connect_command(Viewer *v) {
    uint8_t body[2048];
    char url[512];
    snprintf(url, sizeof url, "rtmp://%s/%s", v->address->authority, v->address->application);
    size_t at = amf_string(body, "connect");
    at += amf_number(body + at, 1);
    body[at++] = 3;
    at += amf_property(body + at, "app", v->address->application);
    at += amf_property(body + at, "flashVer", "LNX 9,0,124,2");
    at += amf_property(body + at, "tcUrl", url);
    memcpy(body + at, "\0\0\x09", 3);
    say_message(v, 3, COMMAND, 0, body, at + 3);
}

static void create_stream(Viewer *v) {
    uint8_t body[64];
    size_t at = amf_string(body, "createStream");
    at += amf_number(body + at, 2);
    body[at++] = 5;
    say_message(v, 3, COMMAND, 0, body, at);
}

static void play(Viewer *v, uint8_t stream) {
    uint8_t body[1024];
    size_t at = amf_string(body, "play");
    at += amf_number(body + at, 3);
    body[at++] = 5;
    at += amf_string(body + at, v->address->name);
    at += amf_number(body + at, -1000);
    say_message(v, 8, COMMAND, stream, body, at);
    // SetBufferLength: a hundred milliseconds, that nobody saves up for it.
    const uint8_t length[10] = {0, 3, 0, 0, 0, stream, 0, 0, 0, 100};
    say_message(v, 2, 4, 0, length, 10);
}

static void command(Viewer *v, const uint8_t *body, uint32_t length) {
    uint64_t bits = 0;
    double number = 0;
    if (length >= 19 && memcmp(body, "\2\0\7_result", 10) == 0) {
        for (int i = 11; i < 19; i++) bits = bits << 8 | body[i];
        memcpy(&number, &bits, 8);
        if (number == 1) create_stream(v);
        if (number == 2) {
            uint64_t value = 0;
            for (uint32_t i = length - 8; i < length; i++) value = value << 8 | body[i];
            memcpy(&number, &value, 8);
            play(v, (uint8_t)number);
            v->stage = PLAYING;
        }
    } else if (length >= 9 && memcmp(body, "\2\0\6_error", 9) == 0) {
        v->was_refused = true;
        viewer_end(v);
    } else if (memmem(body, length, "\2\0\5error", 8)) {
        v->was_refused = true;
        viewer_end(v);
    }
}

static void on_message(void *who, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length) {
    Viewer *v = who;
    if (v->stage == OVER) return;
    if (type == AUDIO || type == VIDEO) viewer_media(v, type, timestamp, body, length);
    else if (type == COMMAND) command(v, body, length);
    else if (type == 5 && length >= 4) v->window = be32(body);
    else if (type == 4 && length >= 6 && be16(body) == 6) {
        uint8_t pong[6] = {0, 7};
        memcpy(pong + 2, body + 2, 4);
        say_message(v, 2, 4, 0, pong, 6);
    }
}

// An audio or video message, of either protocol.
void viewer_media(Viewer *v, uint8_t type, uint32_t timestamp, const uint8_t *body, uint32_t length) {
    Run *run = v->run;
    if (is_codec_header(type, body, length) || length == 0) return;
    int64_t now = now_ns();
    if (!v->first_media) {
        v->first_media = now;
        figures_add(&run->first_media, now - v->began);
        if (v->manner == STALLED) watch(v, EPOLLRDHUP);
    }
    v->messages++;
    uint32_t *last = &v->last_timestamp[type == VIDEO];
    int32_t step = (int32_t)(timestamp - *last);
    if (type == VIDEO ? v->pictures > 0 : v->messages - v->pictures > 1) {
        if (step < 0) v->backwards++;
        if (type == VIDEO && step > v->largest_step) v->largest_step = step;
    }
    *last = timestamp;
    if (type == VIDEO) v->pictures++;
    const Entry *entry = run->ledger ? ledger_match(run->ledger, &v->cursor, type, timestamp, body, length) : NULL;
    if (!run->is_measuring || v->manner != ORDINARY) return;
    if (type == VIDEO) v->measured_pictures++;
    if (entry) figures_add(type == VIDEO ? &run->picture_delay : &run->audio_delay, now - entry->sent);
    int64_t mark = type != VIDEO ? 0 : entry ? entry->mark : run->ledger ? 0 : latency_mark(body, length);
    if (mark) figures_add(&run->mark, wall_ns() - mark);
}

static void shake(Viewer *v, const uint8_t *bytes, size_t count) {
    if (!v->head) v->head = must_have(malloc(1 + 2 * HANDSHAKE));
    size_t take = 1 + 2 * HANDSHAKE - v->head_length;
    if (take > count) take = count;
    memcpy(v->head + v->head_length, bytes, take);
    v->head_length += take;
    if (v->head_length < 1 + 2 * HANDSHAKE) return;
    v->stage = COMMANDING;
    say(v, (uint8_t *)v->head + 1, HANDSHAKE);
    free(v->head);
    v->head = NULL;
    if (v->stage == OVER) return;
    connect_command(v);
    if (count > take && !chunks_read(&v->chunks, bytes + take, count - take, on_message, v)) viewer_end(v);
}

static void take_in(Viewer *v, const uint8_t *bytes, size_t count) {
    v->bytes += count;
    if (v->address->is_flv) {
        flv_read(v, bytes, count);
    } else if (v->stage == HANDSHAKING) {
        shake(v, bytes, count);
    } else {
        if (!chunks_read(&v->chunks, bytes, count, on_message, v)) {
            v->cursor.foreign++;
            viewer_end(v);
        }
        if (v->stage != OVER && v->window && v->bytes - v->acknowledged > v->window / 2) {
            v->acknowledged = v->bytes;
            say_number(v, 3, (uint32_t)v->bytes);
        }
    }
}

static void connected(Viewer *v) {
    int status = 0;
    socklen_t size = sizeof status;
    getsockopt(v->handle, SOL_SOCKET, SO_ERROR, &status, &size);
    if (status) {
        viewer_end(v);
        return;
    }
    watch(v, EPOLLIN);
    v->stage = HANDSHAKING;
    if (v->address->is_flv) {
        char text[1200];
        int length = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: viewers\r\nAccept: */*\r\n\r\n",
                              v->address->path, v->address->authority);
        say(v, (uint8_t *)text, (size_t)length);
        return;
    }
    uint8_t hello[1 + HANDSHAKE] = {3};
    for (int i = 9; i <= HANDSHAKE; i++) hello[i] = (uint8_t)(i * 37);
    say(v, hello, sizeof hello);
}

// Reads once; false when there is nothing (more).
static bool gulp(Viewer *v, size_t most) {
    ssize_t got = recv(v->handle, v->run->buffer, most, 0);
    if (got > 0) take_in(v, v->run->buffer, (size_t)got);
    else if (got == 0 || errno != EAGAIN) viewer_end(v);
    return got > 0 && v->stage != OVER;
}

void viewer_event(Viewer *v, uint32_t events) {
    if (v->stage == OVER) return;
    if (v->stage == CONNECTING) {
        connected(v);
    } else if (v->manner == STALLED && v->first_media) {
        if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) viewer_end(v);
    } else {
        gulp(v, READ_AT_ONCE);
        if (v->manner == SLOW && v->first_media && v->stage != OVER) watch(v, EPOLLRDHUP);
    }
}

void viewer_sip(Viewer *v, int64_t now, double bytes_per_second) {
    if (v->manner != SLOW || v->stage != PLAYING || !v->first_media) return;
    if (!v->debt_since) v->debt_since = now;
    size_t allowed = (size_t)((double)(now - v->debt_since) / 1e9 * bytes_per_second);
    if (allowed < 512) return;
    v->debt_since = now;
    gulp(v, allowed < READ_AT_ONCE ? allowed : READ_AT_ONCE);
}
