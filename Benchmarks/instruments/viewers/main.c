// viewers: many viewers of one live stream in one thread, and what became of the stream on the way to them.
//
//   viewers --tap SERVERPORT --url rtmp://… --count 300 [--url http://….flv --count 100] [--slow 10] [--stalled 10] …
//
// With --tap it prints {"tap": PORT} first: a publisher that pushes to that port reaches the server through it, and then
// every message is looked for by its hash at every viewer. At the end it prints one JSON object.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tap.h"
#include "viewer.h"

typedef struct {
    double ramp, lead, settle, seconds, slow_kbps;
    int slow, stalled, tap, pid, addresses, total;
    Address address[8];
    int count[8];
} Options;

enum { MOST_PENDING = 400 };

static const char usage[] =
    "usage: viewers --url URL --count N [--url URL --count N …] [options]\n"
    "  --tap PORT     lead a publisher to the server's RTMP port; without it losses are not looked for\n"
    "  --slow N       that many read only --slow-kbps (default 200)\n"
    "  --stalled N    that many read nothing after their first picture\n"
    "  --ramp N       new viewers a second (500), while fewer than 400 wait for their first media\n"
    "  --lead S       with --tap: seconds of stream before the first viewer comes (3)\n"
    "  --settle S     seconds between the last viewer's first media and the measuring (2)\n"
    "  --seconds S    how long it is measured (20)\n"
    "  --pid PID      the server, to measure its processor time and memory\n";

static Options parse(int count, char **words) {
    Options o = {.ramp = 500, .lead = 3, .settle = 2, .seconds = 20, .slow_kbps = 200};
    for (int i = 1; i < count; i++) {
        const char *word = words[i], *value = i + 1 < count ? words[++i] : NULL;
        if (!value) die("%s", usage);
        if (!strcmp(word, "--url") && o.addresses < 8) o.address[o.addresses++] = address_parse(value);
        else if (!strcmp(word, "--count") && o.addresses) o.total += o.count[o.addresses - 1] = atoi(value);
        else if (!strcmp(word, "--tap")) o.tap = atoi(value);
        else if (!strcmp(word, "--slow")) o.slow = atoi(value);
        else if (!strcmp(word, "--stalled")) o.stalled = atoi(value);
        else if (!strcmp(word, "--slow-kbps")) o.slow_kbps = atof(value);
        else if (!strcmp(word, "--ramp")) o.ramp = atof(value);
        else if (!strcmp(word, "--lead")) o.lead = atof(value);
        else if (!strcmp(word, "--settle")) o.settle = atof(value);
        else if (!strcmp(word, "--seconds")) o.seconds = atof(value);
        else if (!strcmp(word, "--pid")) o.pid = atoi(value);
        else die("%s", usage);
    }
    if (o.total <= 0 || o.slow + o.stalled > o.total) die("%s", usage);
    return o;
}

// Processor seconds of another process so far.
static double spent(int pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[got] = 0;
    const char *rest = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2) return -1;
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

// A figure of /proc/PID/status in MB.
static double memory_of(int pid, const char *what) {
    char path[64], line[256];
    double found = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (!file) return -1;
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, what, strlen(what))) found = atof(line + strlen(what) + 1) / 1024;
    fclose(file);
    return found;
}

static double own(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void loop_once(Run *run, Viewer *viewers, int started, const Options *o) {
    struct epoll_event events[256];
    int found = epoll_wait(run->epoll, events, 256, o->slow ? 10 : 20);
    for (int i = 0; i < found; i++) {
        if (*(int *)events[i].data.ptr == KIND_TAP) tap_event(events[i].data.ptr);
        else viewer_event(events[i].data.ptr, events[i].events);
    }
    if (!o->slow) return;
    int64_t now = now_ns();
    for (int i = 0; i < started; i++) viewer_sip(&viewers[i], now, o->slow_kbps * 125);
}

typedef struct {
    int viewers, playing, refused, ended;
    uint64_t lost, gaps, foreign, repeated, broken, backwards, least, most;
    int64_t step, first_end;
} Sum;

static Sum sum_up(const Viewer *viewers, int count, Manner manner, int64_t since) {
    Sum s = {.least = UINT64_MAX};
    for (int i = 0; i < count; i++) {
        const Viewer *v = &viewers[i];
        if (v->manner != manner) continue;
        s.viewers++;
        s.playing += v->first_media != 0;
        s.refused += v->was_refused;
        if (v->ended) {
            s.ended++;
            if (!s.first_end || v->ended - since < s.first_end) s.first_end = v->ended - since;
        }
        s.lost += v->cursor.lost;
        s.gaps += v->cursor.gaps;
        s.foreign += v->cursor.foreign;
        s.repeated += v->cursor.repeated;
        s.broken += v->cursor.broken_gops;
        s.backwards += v->backwards;
        if (v->measured_pictures < s.least) s.least = v->measured_pictures;
        if (v->measured_pictures > s.most) s.most = v->measured_pictures;
        if (v->largest_step > s.step) s.step = v->largest_step;
    }
    if (!s.viewers) s.least = 0;
    return s;
}

static void print_sum(const char *name, const Sum *s) {
    printf(", \"%s\": {\"viewers\": %d, \"playing\": %d, \"refused\": %d, \"disconnected\": %d, \"first_disconnect_s\": %.1f, \"lost\": %llu, "
           "\"gaps\": %llu, \"foreign\": %llu, \"repeated\": %llu, \"broken_gops\": %llu, \"backwards\": %llu, \"largest_step_ms\": %lld}",
           name, s->viewers, s->playing, s->refused, s->ended, (double)s->first_end / 1e9, (unsigned long long)s->lost,
           (unsigned long long)s->gaps, (unsigned long long)s->foreign, (unsigned long long)s->repeated, (unsigned long long)s->broken,
           (unsigned long long)s->backwards, (long long)s->step);
}

int main(int count, char **words) {
    Options o = parse(count, words);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < (rlim_t)o.total + 32) die("no more than %llu open files are allowed", (unsigned long long)files.rlim_cur);
    signal(SIGPIPE, SIG_IGN);

    Ledger ledger = {0};
    Run run = {.epoll = epoll_create1(EPOLL_CLOEXEC), .buffer = must_have(malloc(READ_AT_ONCE))};
    Tap tap = {.kind = KIND_TAP};
    Viewer *viewers = must_have(calloc((size_t)o.total, sizeof *viewers));
    if (o.tap) {
        run.ledger = &ledger;
        printf("{\"tap\": %d}\n", tap_start(&tap, run.epoll, &ledger, (uint16_t)o.tap));
        fflush(stdout);
        int64_t deadline = now_ns() + 20000000000;
        while (!tap.first_media || now_ns() - tap.first_media < (int64_t)(o.lead * 1e9)) {
            loop_once(&run, viewers, 0, &o);
            if (!tap.first_media && now_ns() > deadline) die("no publisher came");
            if (tap.ended) die("the publisher's connection ended");
        }
    }

    // The bad ones are spread over the others, and the addresses over all.
    int started = 0, gone = 0, left[8];
    memcpy(left, o.count, sizeof left);
    Manner *manners = must_have(calloc((size_t)o.total, sizeof *manners));
    for (int i = 0; i < o.slow + o.stalled; i++) {
        int64_t place = (int64_t)i * o.total / (o.slow + o.stalled);
        manners[place] = (int64_t)(i + 1) * o.stalled / (o.slow + o.stalled) > (int64_t)i * o.stalled / (o.slow + o.stalled) ? STALLED : SLOW;
    }
    int64_t begin = now_ns();
    while (started < o.total) {
        // A server may take those who have not said yet what they want for attackers, when they are very many.
        while (started < o.total && (double)(now_ns() - begin) / 1e9 * o.ramp >= started &&
               (uint64_t)started < run.first_media.count + MOST_PENDING + gone) {
            int which = started % o.addresses;
            while (!left[which]) which = (which + 1) % o.addresses;
            left[which]--;
            viewer_start(&viewers[started], &run, &o.address[which], manners[started]);
            started++;
        }
        loop_once(&run, viewers, started, &o);
        gone = 0;
        for (int i = 0; i < started; i++) gone += viewers[i].ended && !viewers[i].first_media;
        if (now_ns() - begin > 60000000000) break;
    }
    // Who has come late is still served what is past while the others are at the live edge.
    for (int64_t until = now_ns() + 10000000000; run.first_media.count < (uint64_t)started && now_ns() < until;)
        loop_once(&run, viewers, started, &o);
    for (int64_t until = now_ns() + (int64_t)(o.settle * 1e9); now_ns() < until;) loop_once(&run, viewers, started, &o);

    run.is_measuring = true;
    double mine = own(), theirs = o.pid ? spent(o.pid) : -1;
    uint64_t tapped = tap.bytes;
    int64_t from = now_ns(), until = from + (int64_t)(o.seconds * 1e9);
    while (now_ns() < until && !(o.tap && tap.ended)) loop_once(&run, viewers, started, &o);
    double length = (double)(now_ns() - from) / 1e9;
    mine = own() - mine;
    double after = o.pid ? spent(o.pid) : -1;
    tapped = tap.bytes - tapped;
    run.is_measuring = false;
    // Those that were cut off lose the rest, and all have two seconds for what is still on the way.
    int64_t end = now_ns();
    for (int64_t rest = end + 2000000000; now_ns() < rest;) loop_once(&run, viewers, started, &o);
    if (o.tap)
        for (int i = 0; i < started; i++) ledger_finish(&ledger, &viewers[i].cursor, end);

    Sum ordinary = sum_up(viewers, started, ORDINARY, begin), slows = sum_up(viewers, started, SLOW, begin),
        stalls = sum_up(viewers, started, STALLED, begin);
    printf("{\"seconds\": %.2f, \"stream_kbps\": %.0f, \"publisher_gone\": %s, \"own_cpu_pct\": %.2f", length,
           (double)tapped / 125 / length, o.tap && tap.ended ? "true" : "false", 100 * mine / length);
    if (o.pid)
        printf(", \"server_cpu_pct\": %.2f, \"server_rss_mb\": %.1f, \"server_peak_mb\": %.1f",
               after < 0 ? -1 : 100 * (after - theirs) / length, memory_of(o.pid, "VmRSS"), memory_of(o.pid, "VmHWM"));
    printf(", \"pictures_least\": %llu, \"pictures_most\": %llu", (unsigned long long)ordinary.least, (unsigned long long)ordinary.most);
    figures_print("first_media_ms", &run.first_media);
    figures_print("delay_ms", &run.picture_delay);
    figures_print("audio_delay_ms", &run.audio_delay);
    figures_print("mark_ms", &run.mark);
    print_sum("ordinary", &ordinary);
    print_sum("slow", &slows);
    print_sum("stalled", &stalls);
    printf("}\n");
    return 0;
}
