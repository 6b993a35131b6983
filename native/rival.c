/*
 * What the benchmarks of ZMalloc are measured against: the same loops in C, over the same library.
 *
 * Each function does `operations` operations of one shape:
 *
 *   pair    takes a block and frees it at once
 *   churn   frees one of the live blocks, chosen at random, and takes another in its place
 *
 * in one of two ways of counting:
 *
 *   redis   the size of each block is asked of the library when it is taken and when it is freed, and added to one of
 *           sixteen counters by an atomic instruction: how zmalloc.c of Redis 8 counts (idea, not code)
 *   best    the size is looked up in a table of size classes, filled beforehand, and the free is a sized one: the least
 *           that counting usable bytes can cost in C
 *
 * Sizes are 16 to 271 bytes, from the generator that the Java side uses too. The library is reached through pointers, as
 * it would be through its procedure linkage table.
 */
#include <stddef.h>
#include <stdint.h>

struct functions {
    void *(*malloc)(size_t);
    void (*free)(void *);
    size_t (*malloc_usable_size)(void *);
    void (*sdallocx)(void *, size_t, int);
    size_t (*nallocx)(size_t, int);
};

static struct functions library;

#define LEAST_BYTES 16
#define SIZES 256
#define STEP_SHIFT 3
#define COUNTERS 16
#define LIVE_BLOCKS (1 << 16)

static uint16_t usable_bytes_table[((LEAST_BYTES + SIZES) >> STEP_SHIFT) + 1];

static struct {
    _Alignas(64) int64_t bytes;
} counters[COUNTERS];

static uint32_t threads;
/* As cheap to reach as in an executable of its own. */
static __thread int32_t thread_index __attribute__((tls_model("initial-exec"))) = -1;

void rival_init(const struct functions *functions) {
    library = *functions;
    for (size_t index = 1; index < sizeof usable_bytes_table / sizeof *usable_bytes_table; index++) {
        usable_bytes_table[index] = (uint16_t) library.nallocx(index << STEP_SHIFT, 0);
    }
}

static int64_t *counter(void) {
    if (__builtin_expect(thread_index < 0, 0)) {
        thread_index = (int32_t) (__atomic_fetch_add(&threads, 1, __ATOMIC_RELAXED) % COUNTERS);
    }
    return &counters[thread_index].bytes;
}

static void count(int64_t bytes) {
    __atomic_fetch_add(counter(), bytes, __ATOMIC_RELAXED);
}

/* All counters, for the test that they end where they began. */
int64_t rival_used_memory(void) {
    int64_t sum = 0;
    for (int index = 0; index < COUNTERS; index++) {
        sum += __atomic_load_n(&counters[index].bytes, __ATOMIC_RELAXED);
    }
    return sum;
}

/* Marsaglia's xorshift with 64 bits of state. */
static uint64_t next(uint64_t random) {
    random ^= random << 13;
    random ^= random >> 7;
    return random ^ (random << 17);
}

static size_t size_of(uint64_t random) {
    return LEAST_BYTES + (random & (SIZES - 1));
}

static size_t slot_of(uint64_t random) {
    return (random >> 32) & (LIVE_BLOCKS - 1);
}

static void *redis_malloc(size_t bytes) {
    void *block = library.malloc(bytes);
    if (block != NULL) {
        count((int64_t) library.malloc_usable_size(block));
    }
    return block;
}

static void redis_free(void *block) {
    if (block != NULL) {
        count(-(int64_t) library.malloc_usable_size(block));
        library.free(block);
    }
}

static size_t usable_bytes(size_t bytes) {
    return usable_bytes_table[(bytes + (1 << STEP_SHIFT) - 1) >> STEP_SHIFT];
}

static void *best_malloc(size_t bytes) {
    void *block = library.malloc(bytes);
    if (block != NULL) {
        count((int64_t) usable_bytes(bytes));
    }
    return block;
}

static void best_free(void *block, size_t bytes) {
    if (block != NULL) {
        count(-(int64_t) usable_bytes(bytes));
        library.sdallocx(block, bytes, 0);
    }
}

/* Frees what a churn left. */
void rival_free_all(void **blocks) {
    for (size_t slot = 0; slot < LIVE_BLOCKS; slot++) {
        redis_free(blocks[slot]);
    }
}

/* Each returns the state of the generator, where the next call goes on. */

uint64_t rival_redis_pair(uint64_t random, int64_t operations) {
    for (; operations > 0; operations--) {
        random = next(random);
        redis_free(redis_malloc(size_of(random)));
    }
    return random;
}

uint64_t rival_best_pair(uint64_t random, int64_t operations) {
    for (; operations > 0; operations--) {
        random = next(random);
        size_t bytes = size_of(random);
        best_free(best_malloc(bytes), bytes);
    }
    return random;
}

/* `blocks` has LIVE_BLOCKS blocks, or null pointers. */
uint64_t rival_redis_churn(uint64_t random, int64_t operations, void **blocks) {
    for (; operations > 0; operations--) {
        random = next(random);
        size_t slot = slot_of(random);
        redis_free(blocks[slot]);
        blocks[slot] = redis_malloc(size_of(random));
    }
    return random;
}

/* `sizes` has the requested bytes of each block. */
uint64_t rival_best_churn(uint64_t random, int64_t operations, void **blocks, uint16_t *sizes) {
    for (; operations > 0; operations--) {
        random = next(random);
        size_t slot = slot_of(random);
        best_free(blocks[slot], sizes[slot]);
        size_t bytes = size_of(random);
        blocks[slot] = best_malloc(bytes);
        sizes[slot] = (uint16_t) bytes;
    }
    return random;
}
