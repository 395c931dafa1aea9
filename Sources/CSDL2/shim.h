// SDL2 for Swift, with the function-like macros that Swift cannot import.
#ifndef SLUICE_CSDL2_SHIM_H
#define SLUICE_CSDL2_SHIM_H

#include <SDL.h>

#endif
