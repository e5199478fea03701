#pragma once

#include "plane.h"

size_t refinement_bytes(int width, int height);
void refine(Plane here, Plane there, Plane right, Plane down, Arena arena);
