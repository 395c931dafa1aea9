// SDL2 for Swift, with the macros that Swift cannot import and nothing that decides anything.
#ifndef SLUICE_CSDL2_SHIM_H
#define SLUICE_CSDL2_SHIM_H

#include <SDL.h>

// Cast expressions are not imported.
static inline int sluice_SDL_WINDOWPOS_CENTERED(void) { return (int)SDL_WINDOWPOS_CENTERED; }

// AUDIO_F32SYS depends on the byte order through the preprocessor.
static inline SDL_AudioFormat sluice_AUDIO_F32SYS(void) { return AUDIO_F32SYS; }

// SDL_ENABLE is an object-like macro of another type than SDL_ShowCursor's result.
static inline void sluice_show_cursor(SDL_bool shown) { SDL_ShowCursor(shown ? SDL_ENABLE : SDL_DISABLE); }

// Members of C enums come over as UInt32 while the struct fields that hold them are of other widths.
static inline Uint32 sluice_event_type(const SDL_Event *event) { return event->type; }

#endif
