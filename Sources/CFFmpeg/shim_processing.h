// What encoders, scaler, resampler and filters need beyond shim.h, each entry with its reason.
#ifndef SLUICE_CFFMPEG_SHIM_PROCESSING_H
#define SLUICE_CFFMPEG_SHIM_PROCESSING_H

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/cpu.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/version.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

// Casts that Swift cannot write: the C functions take arrays of const pointers.
static inline int processing_swr_convert(struct SwrContext *context, uint8_t **out, int out_count,
                                         uint8_t **in, int in_count) {
    return swr_convert(context, out, out_count, (const uint8_t **)in, in_count);
}

// The arrays inside AVFrame come to Swift as tuples, which cannot be passed on as pointers.
static inline int processing_sws_scale(struct SwsContext *context, const AVFrame *in, AVFrame *out) {
    return sws_scale(context, (const uint8_t *const *)in->data, in->linesize, 0, in->height, out->data,
                     out->linesize);
}

static inline int processing_fill_arrays(AVFrame *frame, uint8_t *base, int align) {
    return av_image_fill_arrays(frame->data, frame->linesize, base, (enum AVPixelFormat)frame->format,
                                frame->width, frame->height, align);
}

// Same reason: the table is an int[4] behind a const pointer.
static inline int processing_set_colours(struct SwsContext *context, int source_matrix, int source_full,
                                         int target_matrix, int target_full) {
    return sws_setColorspaceDetails(context, sws_getCoefficients(source_matrix), source_full,
                                    sws_getCoefficients(target_matrix), target_full, 0, 1 << 16, 1 << 16);
}

// AVFrame's arrays are tuples in Swift, and the function wants arrays of const pointers.
static inline int processing_copy_picture(uint8_t *out, int size, const AVFrame *in) {
    return av_image_copy_to_buffer(out, size, (const uint8_t *const *)in->data, in->linesize,
                                   (enum AVPixelFormat)in->format, in->width, in->height, 1);
}

// AVBufferSrcParameters gained the colour description in 7.1 (lavfi 10); without it, there, each first
// frame looks like a change of format. It must be allocated by the library.
static inline int processing_describe_source(AVFilterContext *source, const AVFrame *frame, AVRational time_base,
                                             AVRational frame_rate) {
    AVBufferSrcParameters *description = av_buffersrc_parameters_alloc();
    if (!description) return AVERROR(ENOMEM);
    description->format = frame->format;
    description->time_base = time_base;
    description->width = frame->width;
    description->height = frame->height;
    description->sample_aspect_ratio = frame->sample_aspect_ratio;
    description->frame_rate = frame_rate;
    description->sample_rate = frame->sample_rate;
    description->hw_frames_ctx = frame->hw_frames_ctx;
#if LIBAVFILTER_VERSION_MAJOR >= 10
    description->color_space = frame->colorspace;
    description->color_range = frame->color_range;
#endif
    int status = 0;
    if (frame->sample_rate > 0) {
        if (frame->ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
            av_channel_layout_default(&description->ch_layout, frame->ch_layout.nb_channels);
        else
            status = av_channel_layout_copy(&description->ch_layout, &frame->ch_layout);
    }
    if (status >= 0) status = av_buffersrc_parameters_set(source, description);
    av_channel_layout_uninit(&description->ch_layout);
    av_free(description);
    return status;
}

#endif
