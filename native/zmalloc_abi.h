/*
 * The shape of every native function and struct that the library uses, and nothing else.
 *
 * One function-pointer type a line, named after the function with the suffix _fn. jextract turns each type into a class of
 * dev.zmalloc.ffi.abi that knows the function's descriptor without being bound to a library: which library serves, and which
 * functions it has, is found at run time. Backends whose functions share a shape (mi_malloc and malloc) share a type.
 *
 * No system header of an allocator is read, so that the bindings are the same wherever they are generated. Regenerate with
 * `make bindings` after a change here or in includes.txt.
 *
 * All types assume the LP64 data model: Linux on x86-64 and on aarch64.
 */
#ifndef ZMALLOC_ABI_H
#define ZMALLOC_ABI_H

#include <stdbool.h>
#include <stddef.h>

/* ---- The malloc family: every backend, under its own prefix ---- */

typedef void *(*malloc_fn)(size_t size);
typedef void *(*calloc_fn)(size_t num, size_t size);
typedef void *(*realloc_fn)(void *ptr, size_t size);
typedef void (*free_fn)(void *ptr);
typedef void *(*aligned_alloc_fn)(size_t alignment, size_t size);
typedef int (*posix_memalign_fn)(void **memptr, size_t alignment, size_t size);
typedef size_t (*malloc_usable_size_fn)(void *ptr);

/* ---- jemalloc: the calls with flags ---- */

typedef void *(*mallocx_fn)(size_t size, int flags);
typedef void *(*rallocx_fn)(void *ptr, size_t size, int flags);
typedef size_t (*xallocx_fn)(void *ptr, size_t size, size_t extra, int flags);
typedef size_t (*sallocx_fn)(const void *ptr, int flags);
typedef void (*dallocx_fn)(void *ptr, int flags);
typedef void (*sdallocx_fn)(void *ptr, size_t size, int flags);
typedef size_t (*nallocx_fn)(size_t size, int flags);

/* ---- jemalloc: control and statistics ---- */

typedef int (*mallctl_fn)(const char *name, void *oldp, size_t *oldlenp, void *newp, size_t newlen);
typedef void (*malloc_stats_write_fn)(void *cbopaque, const char *text);
typedef void (*malloc_stats_print_fn)(malloc_stats_write_fn write, void *cbopaque, const char *opts);

/* ---- glibc ---- */

struct mallinfo2 {
    size_t arena;
    size_t ordblks;
    size_t smblks;
    size_t hblks;
    size_t hblkhd;
    size_t usmblks;
    size_t fsmblks;
    size_t uordblks;
    size_t fordblks;
    size_t keepcost;
};

typedef struct mallinfo2 (*mallinfo2_fn)(void);
typedef int (*malloc_trim_fn)(size_t pad);
typedef const char *(*gnu_get_libc_version_fn)(void);

/* ---- tcmalloc, of gperftools ---- */

typedef const char *(*tc_version_fn)(int *major, int *minor, const char **patch);
typedef void (*tc_free_sized_fn)(void *ptr, size_t size);
typedef int (*MallocExtension_GetNumericProperty_fn)(const char *property, size_t *value);
typedef void (*MallocExtension_GetStats_fn)(char *buffer, int buffer_length);
typedef void (*MallocExtension_ReleaseFreeMemory_fn)(void);

/* ---- mimalloc ---- */

typedef int (*mi_version_fn)(void);
typedef size_t (*mi_good_size_fn)(size_t size);
typedef void (*mi_free_size_fn)(void *ptr, size_t size);
typedef void *(*mi_malloc_aligned_fn)(size_t size, size_t alignment);
typedef void (*mi_collect_fn)(bool force);
typedef void (*mi_process_info_fn)(size_t *elapsed_msecs, size_t *user_msecs, size_t *system_msecs, size_t *current_rss, size_t *peak_rss, size_t *current_commit, size_t *peak_commit, size_t *page_faults);

/* ---- The dynamic linker ---- */

typedef struct Dl_info {
    const char *dli_fname;
    void *dli_fbase;
    const char *dli_sname;
    void *dli_saddr;
} Dl_info;

typedef void *(*dlopen_fn)(const char *file, int mode);
typedef void *(*dlsym_fn)(void *handle, const char *name);
typedef char *(*dlerror_fn)(void);
typedef int (*dladdr_fn)(const void *addr, Dl_info *info);

/* ---- The process ---- */

typedef int (*setenv_fn)(const char *name, const char *value, int overwrite);
typedef int (*unsetenv_fn)(const char *name);
typedef char *(*getenv_fn)(const char *name);
typedef void (*abort_fn)(void);

#endif
