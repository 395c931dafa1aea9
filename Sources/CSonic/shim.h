// Sonic for Swift: speech and music at another speed, with their pitch.
#ifndef SLUICE_CSONIC_SHIM_H
#define SLUICE_CSONIC_SHIM_H

#include <sonic.h>

#endif
