// How the process keeps the memory of frames.

#include "plane.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Frames come and go by the hundred. As a rule each is memory of its own, which the system clears
// and maps anew: a tenth of the processor's time. From now on what is freed is kept for the next one.
EXPORT void artreel_keep_memory(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the most that it takes
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    mallopt(M_ARENA_MAX, 4);  // heaps, of which each keeps what was freed in it
#endif
}
