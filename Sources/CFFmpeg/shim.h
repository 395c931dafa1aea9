// What Swift cannot import from FFmpeg: function-like macros, variadics, and what differs between
// FFmpeg 5.1 (Debian 12) and 7.1 (Debian 13). Each entry says why it exists.
#ifndef SLUICE_CFFMPEG_SHIM_H
#define SLUICE_CFFMPEG_SHIM_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>
#include <libavutil/display.h>
#include <libavutil/error.h>
#include <libavutil/frame.h>
#include <libavutil/hwcontext.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/samplefmt.h>

// AVERROR(), AVERROR_… and FFERRTAG are function-like macros, which Swift does not import.
static const int SLUICE_ERROR_AGAIN = AVERROR(EAGAIN);
static const int SLUICE_ERROR_EOF = AVERROR_EOF;
static const int SLUICE_ERROR_EXIT = AVERROR_EXIT;
static const int SLUICE_ERROR_INVALIDDATA = AVERROR_INVALIDDATA;
static const int SLUICE_ERROR_NOMEM = AVERROR(ENOMEM);
static const int SLUICE_ERROR_IO = AVERROR(EIO);
static const int SLUICE_ERROR_EINVAL = AVERROR(EINVAL);
static const int SLUICE_ERROR_NOSYS = AVERROR(ENOSYS);
static const int SLUICE_ERROR_NOSPC = AVERROR(ENOSPC);
static const int SLUICE_ERROR_PIPE = AVERROR(EPIPE);
static const int SLUICE_ERROR_BUG = AVERROR_BUG;
static const int SLUICE_ERROR_UNKNOWN = AVERROR_UNKNOWN;
static const int SLUICE_ERROR_EXTERNAL = AVERROR_EXTERNAL;
static const int SLUICE_ERROR_PATCHWELCOME = AVERROR_PATCHWELCOME;
static const int SLUICE_ERROR_DEMUXER_NOT_FOUND = AVERROR_DEMUXER_NOT_FOUND;
static const int SLUICE_ERROR_MUXER_NOT_FOUND = AVERROR_MUXER_NOT_FOUND;
static const int SLUICE_ERROR_DECODER_NOT_FOUND = AVERROR_DECODER_NOT_FOUND;
static const int SLUICE_ERROR_ENCODER_NOT_FOUND = AVERROR_ENCODER_NOT_FOUND;
static const int SLUICE_ERROR_FILTER_NOT_FOUND = AVERROR_FILTER_NOT_FOUND;
static const int SLUICE_ERROR_BSF_NOT_FOUND = AVERROR_BSF_NOT_FOUND;
static const int SLUICE_ERROR_OPTION_NOT_FOUND = AVERROR_OPTION_NOT_FOUND;
static const int SLUICE_ERROR_PROTOCOL_NOT_FOUND = AVERROR_PROTOCOL_NOT_FOUND;
static const int SLUICE_ERROR_STREAM_NOT_FOUND = AVERROR_STREAM_NOT_FOUND;
static const int SLUICE_ERROR_HTTP_BAD_REQUEST = AVERROR_HTTP_BAD_REQUEST;
static const int SLUICE_ERROR_HTTP_UNAUTHORIZED = AVERROR_HTTP_UNAUTHORIZED;
static const int SLUICE_ERROR_HTTP_FORBIDDEN = AVERROR_HTTP_FORBIDDEN;
static const int SLUICE_ERROR_HTTP_NOT_FOUND = AVERROR_HTTP_NOT_FOUND;
static const int SLUICE_ERROR_HTTP_OTHER_4XX = AVERROR_HTTP_OTHER_4XX;
static const int SLUICE_ERROR_HTTP_SERVER_ERROR = AVERROR_HTTP_SERVER_ERROR;
/// AVERROR(errno) for a value that is only known at run time.
static inline int sluice_error(int number) { return AVERROR(number); }

// Casts and compound literals inside macros do not import.
static const int64_t SLUICE_NOPTS = AV_NOPTS_VALUE;
static const AVRational SLUICE_TIME_BASE = {1, AV_TIME_BASE};
/// The project's own time base: whole nanoseconds.
static const AVRational SLUICE_NANOSECONDS = {1, 1000000000};

// FF_PROFILE_… became AV_PROFILE_… in 6.1 (lavc 60.30); the old names go away in 8.
static const int SLUICE_PROFILE_UNKNOWN = -99;

// AVFrame.key_frame became a flag in 6.1 (lavu 58.7); the field is gone in 8.
static inline int sluice_frame_is_key(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return (frame->flags & AV_FRAME_FLAG_KEY) != 0;
#else
    return frame->key_frame;
#endif
}
static inline void sluice_frame_set_key(AVFrame *frame, int key) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    if (key) frame->flags |= AV_FRAME_FLAG_KEY; else frame->flags &= ~AV_FRAME_FLAG_KEY;
#else
    frame->key_frame = key;
#endif
}

// AVFrame.interlaced_frame moved to flags together with key_frame.
static inline int sluice_frame_is_interlaced(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return (frame->flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
    return frame->interlaced_frame;
#endif
}

// AVFrame.pkt_duration was replaced by duration in 6.0 (lavu 57.30) and is gone in 7.
static inline int64_t sluice_frame_duration(const AVFrame *frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    return frame->duration;
#else
    return frame->pkt_duration;
#endif
}
static inline void sluice_frame_set_duration(AVFrame *frame, int64_t duration) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
    frame->duration = duration;
#else
    frame->pkt_duration = duration;
#endif
}

// The write callback's buffer became const in 7 (lavf 61), so one Swift closure fits only one of both.
typedef int (*sluice_write_callback)(void *opaque, const uint8_t *bytes, int count);
static inline AVIOContext *sluice_avio_writer(
    unsigned char *buffer, int size, void *opaque, sluice_write_callback write) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    return avio_alloc_context(buffer, size, 1, opaque, NULL, write, NULL);
#else
    return avio_alloc_context(
        buffer, size, 1, opaque, NULL, (int (*)(void *, uint8_t *, int))(void *)write, NULL);
#endif
}

// Stream side data moved from AVStream to AVCodecParameters in 6.1 (lavc 60.31); the old place is gone in 8.
static inline const uint8_t *sluice_stream_side_data(
    const AVStream *stream, enum AVPacketSideDataType type, size_t *size) {
    *size = 0;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
    const AVPacketSideData *found = av_packet_side_data_get(
        stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data, type);
    if (!found) return NULL;
    *size = found->size;
    return found->data;
#else
    return av_stream_get_side_data(stream, type, size);
#endif
}

// The display matrix comes as bytes of a C array type that Swift cannot name.
/// Degrees counter-clockwise; 0 without a matrix.
static inline double sluice_stream_rotation(const AVStream *stream) {
    size_t size = 0;
    const uint8_t *matrix = sluice_stream_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (!matrix || size < 9 * sizeof(int32_t)) return 0;
    double angle = av_display_rotation_get((const int32_t *)matrix);
    return angle == angle ? angle : 0;
}

/// Sets a turn of `degrees` clockwise on a track that is to be written. Returns a negative AVERROR on failure.
static inline int sluice_stream_set_rotation(AVStream *stream, double degrees) {
    const size_t size = 9 * sizeof(int32_t);
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 31, 102)
    AVPacketSideData *made = av_packet_side_data_new(
        &stream->codecpar->coded_side_data, &stream->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX,
        size, 0);
    uint8_t *matrix = made ? made->data : NULL;
#else
    uint8_t *matrix = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, size);
#endif
    if (!matrix) return AVERROR(ENOMEM);
    av_display_rotation_set((int32_t *)matrix, -degrees);
    return 0;
}

// A flexible array of pointers behind a double pointer reads badly in Swift.
static inline AVStream *sluice_stream(const AVFormatContext *context, unsigned index) {
    return index < context->nb_streams ? context->streams[index] : NULL;
}

// AVFormatContext.interrupt_callback holds a function pointer in an anonymous-looking struct; set in one place.
typedef int (*sluice_interrupt_callback)(void *opaque);
static inline void sluice_set_interrupt(
    AVFormatContext *context, sluice_interrupt_callback callback, void *opaque) {
    context->interrupt_callback.callback = callback;
    context->interrupt_callback.opaque = opaque;
}

// av_log's callback takes a va_list, whose Swift type depends on the machine, so lines are formatted here.
// The sink is static: install from one Swift file only, because each object file has its own copy.
typedef void (*sluice_log_sink)(int level, const char *line);
// Inside a function, because Swift's compiler does not emit every file-scope static that C functions use.
static inline sluice_log_sink *sluice_log_slot(void) {
    static sluice_log_sink target = NULL;
    return &target;
}
/// The last error that FFmpeg's TLS told on this thread; empty when there was none. Its error numbers do not say
/// that TLS was the cause, let alone a certificate.
static inline char *sluice_tls_note(void) {
    static _Thread_local char note[256];
    return note;
}
static inline void sluice_log_receive(void *context, int level, const char *format, va_list arguments) {
    level &= 0xff;
    const AVClass *owner = context && level <= AV_LOG_ERROR ? *(const AVClass **)context : NULL;
    // A protocol's class is that of all protocols; its name is the object's own.
    const char *name = owner && owner->item_name ? owner->item_name(context) : NULL;
    if (name && !strcmp(name, "tls")) {
        va_list copy;
        va_copy(copy, arguments);
        vsnprintf(sluice_tls_note(), 256, format, copy);
        va_end(copy);
    }
    sluice_log_sink sink = __atomic_load_n(sluice_log_slot(), __ATOMIC_ACQUIRE);
    if (!sink) {
        av_log_default_callback(context, level, format, arguments);
        return;
    }
    if (level > av_log_get_level()) return;
    char line[1024];
    int prefix = 1;
    av_log_format_line2(context, level, format, arguments, line, sizeof line, &prefix);
    sink(level, line);
}
static inline void sluice_log_install(int threshold, sluice_log_sink sink) {
    __atomic_store_n(sluice_log_slot(), sink, __ATOMIC_RELEASE);
    av_log_set_level(threshold);
    av_log_set_callback(sluice_log_receive);
}
/// From now on TLS's errors are noted; without a sink, lines go where they went before.
static inline void sluice_tls_watch(void) {
    sluice_tls_note()[0] = 0;
    av_log_set_callback(sluice_log_receive);
}
/// av_log is variadic, which Swift does not import; for tests of the bridge.
static inline void sluice_log_emit(int level, const char *text) { av_log(NULL, level, "%s\n", text); }

#include "shim_processing.h"

#endif
