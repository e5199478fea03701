#pragma once

#include "plane.h"

void detach(Plane here, Plane there, float *flow, int width, int height, Arena arena);
