package dev.zmalloc.bench.peers;

import java.util.ArrayList;
import java.util.List;

/**
 * Whom the store is measured beside, and what a JVM needs to run each. The names are those of the figures.
 *
 * <p>What each is set to, and where its documentation asks for that, is said at its {@link ByteMap}.
 */
public enum Peer {
    /** The store of this project. */
    ZMALLOC("ZMalloc", false),
    /** Copies in {@link java.util.concurrent.ConcurrentHashMap}: no limit, no eviction. */
    CHM("ConcurrentHashMap", false),
    /** Copies in Caffeine, with a limit on entries. */
    CAFFEINE("Caffeine", false),
    /** OHC with a block of memory for each entry, its default. */
    OHC("OHC", true),
    /** OHC with entries in chunks, which it has for small ones and calls experimental. */
    OHC_CHUNKED("OHC chunked", true),
    /** Chronicle Map in memory: a map, of a size that is given ahead; no eviction. */
    CHRONICLE("Chronicle Map", false),
    /** Ehcache with an off-heap tier alone. */
    EHCACHE("Ehcache", false),
    /** MapDB in direct memory. */
    MAPDB("MapDB", false);

    private final String title;
    private final boolean preloadsJemalloc;

    Peer(String title, boolean preloadsJemalloc) {
        this.title = title;
        this.preloadsJemalloc = preloadsJemalloc;
    }

    /** For people. */
    String title() {
        return title;
    }

    /** For figures and options. */
    String id() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }

    /** Whether its documentation asks for jemalloc in front of libc's malloc. */
    boolean preloadsJemalloc() {
        return preloadsJemalloc;
    }

    /** Opens it with room for {@code entries} of {@link PeerBench}'s size, to which limits leave a lot to spare. */
    ByteMap open(int entries) {
        return switch (this) {
            case ZMALLOC -> new StoreByteMap(entries);
            case CHM -> new HeapByteMap();
            case CAFFEINE -> new CaffeineByteMap(entries);
            case OHC -> OhcByteMap.linked(entries);
            case OHC_CHUNKED -> OhcByteMap.chunked(entries);
            case CHRONICLE -> new ChronicleByteMap(entries);
            case EHCACHE -> new EhcacheByteMap(entries);
            case MAPDB -> new MapDbByteMap();
        };
    }

    /**
     * Opens a cache that evicts at a limit in bytes.
     *
     * @param payloadOnly for Caffeine, whether the limit is on keys and values alone
     * @throws IllegalArgumentException if this one is not measured so
     */
    public ByteMap openLimited(long maxBytes, boolean payloadOnly) {
        return switch (this) {
            case CAFFEINE -> new CaffeineByteMap(maxBytes, payloadOnly);
            case OHC -> OhcByteMap.limited(maxBytes);
            default -> throw new IllegalArgumentException(this + " is not measured at a limit");
        };
    }

    /** Bytes that peers with a limit in bytes may take for so many entries: what they need, several times over. */
    static long limitBytes(int entries) {
        return Math.max(64L << 20, 512L * entries);
    }

    /** What its JVM is started with, beside what all have. */
    List<String> options() {
        List<String> options = new ArrayList<>();
        switch (this) {
            case OHC_CHUNKED -> options.add("--add-exports=java.base/sun.nio.ch=ALL-UNNAMED");
            case CHRONICLE -> {
                // https://chronicle.software/chronicle-support-java-17/ lists these, and a few that no map needs.
                for (String module : List.of("java.base/jdk.internal.ref", "java.base/sun.nio.ch")) {
                    options.add("--add-exports=" + module + "=ALL-UNNAMED");
                }
                for (String module : List.of("java.lang", "java.lang.reflect", "java.io", "java.util", "java.nio")) {
                    options.add("--add-opens=java.base/" + module + "=ALL-UNNAMED");
                }
                options.add("--add-exports=jdk.unsupported/sun.misc=ALL-UNNAMED");
                options.add("--add-exports=jdk.compiler/com.sun.tools.javac.file=ALL-UNNAMED");
                options.add("--add-opens=jdk.compiler/com.sun.tools.javac=ALL-UNNAMED");
                options.add("-Dchronicle.analytics.disable=true");
            }
            case EHCACHE, MAPDB -> options.add("-XX:MaxDirectMemorySize=4g");
            case ZMALLOC, CHM, CAFFEINE, OHC -> {}
        }
        return options;
    }
}
