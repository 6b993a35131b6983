package dev.zmalloc.allocator;

import java.util.Locale;

/** Where an allocator comes from. */
public enum Origin {
    /** The file that the setting {@code zmalloc.library} names. */
    EXPLICIT,
    /** Symbols that were in the process when the JVM started, by {@code LD_PRELOAD} or linking. */
    PRELOADED,
    /** The system's library, found by the dynamic linker under its soname. */
    SYSTEM,
    /** The library in a jar on the class or module path. */
    BUNDLED,
    /** The process' C library. */
    LIBC,
    /** A class of the application's own. */
    CLASS;

    /** The name in lower case, as in settings and reports. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
