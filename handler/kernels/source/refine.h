#pragma once

#include "plane.h"

// Numbers of the refinement of a flow, as in Brox et al. 2004 (see refine.c).
typedef struct {
    float smoothness, brightness, gradient;
    int iterations, sweeps;
} Refinement;

size_t refinement_bytes(int width, int height);
void refine(Plane here, Plane there, Plane right, Plane down, Refinement how, Arena arena);
