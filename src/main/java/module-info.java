/**
 * Native memory that a program can count, cap and swap.
 *
 * <p>{@code dev.zmalloc} takes and counts it, {@code dev.zmalloc.allocator} has the allocators that serve it and the
 * interface for one's own, {@code dev.zmalloc.evict} keeps any set of blocks under a limit, {@code dev.zmalloc.store}
 * is a key-value store made of these, {@code dev.zmalloc.jcache} puts it behind JCache, {@code dev.zmalloc.metrics}
 * shows figures to management clients, and {@code dev.zmalloc.testing} helps the tests of a program.
 */
@SuppressWarnings("requires-automatic") // Micrometer and JCache have no module of their own
module dev.zmalloc {
    requires static cache.api;
    requires static com.fasterxml.jackson.core;
    requires static com.github.benmanes.caffeine;
    requires static de.siegmar.fastcsv;
    requires static info.picocli;
    requires static java.desktop;
    requires static java.management;
    requires static jdk.attach;
    requires static jdk.jfr;
    requires static micrometer.core;
    requires static org.jspecify;
    requires static org.junit.jupiter.api;
    requires static org.tukaani.xz;

    exports dev.zmalloc;
    exports dev.zmalloc.allocator;
    exports dev.zmalloc.evict;
    exports dev.zmalloc.jcache;
    exports dev.zmalloc.metrics;
    exports dev.zmalloc.store;
    exports dev.zmalloc.testing;

    provides javax.cache.spi.CachingProvider with
            dev.zmalloc.jcache.OffHeapCachingProvider;

    uses dev.zmalloc.allocator.AllocatorProvider;

    // The command line's options are set by reflection.
    opens dev.zmalloc.cli to
            info.picocli;
}
