// What Swift cannot import from FFmpeg: function-like macros, variadics, and what differs between
// FFmpeg 5.1 (Debian 12) and 7.1 (Debian 13). Each entry says why it exists.
#ifndef SLUICE_CFFMPEG_SHIM_H
#define SLUICE_CFFMPEG_SHIM_H

#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>

#endif
