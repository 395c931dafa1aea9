// SDL2 for Swift, with the macros that Swift cannot import and nothing that decides anything.
#ifndef SLUICE_CSDL2_SHIM_H
#define SLUICE_CSDL2_SHIM_H

#include <SDL.h>

// Cast expressions are not imported.
static inline Sint32 sluice_SDL_WINDOWPOS_CENTERED(void) { return (Sint32)SDL_WINDOWPOS_CENTERED; }

// AUDIO_F32SYS depends on the byte order through the preprocessor.
static inline SDL_AudioFormat sluice_AUDIO_F32SYS(void) { return AUDIO_F32SYS; }

// SDL_ENABLE and SDL_DISABLE are plain numbers beside SDL_bool.
static inline void sluice_show_cursor(SDL_bool shown) { SDL_ShowCursor(shown ? SDL_ENABLE : SDL_DISABLE); }

// The handler is variadic, which Swift cannot define.
static inline void sluice_alsa_says_nothing(
    const char *file, int line, const char *function, int error, const char *format, ...) {
    (void)file, (void)line, (void)function, (void)error, (void)format;
}

// libasound writes eight lines to stderr on a machine without a sound card. SDL's loader is used because
// libasound is SDL's choice, not ours: where it is missing there is nothing to silence.
static inline void sluice_silence_alsa(void) {
    typedef void (*Handler)(const char *, int, const char *, int, const char *, ...);
    typedef int (*Setter)(Handler);
    void *library = SDL_LoadObject("libasound.so.2");
    if (!library) return;
    Setter set = (Setter)SDL_LoadFunction(library, "snd_lib_error_set_handler");
    if (set) set(sluice_alsa_says_nothing);
    // Not unloaded: the handler must stay.
}

#endif
