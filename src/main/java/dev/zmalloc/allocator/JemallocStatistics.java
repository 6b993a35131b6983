package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Downcalls;
import dev.zmalloc.ffi.NativeLibrary;
import dev.zmalloc.ffi.abi.mallctlbymib_fn;
import dev.zmalloc.ffi.abi.mallctlnametomib_fn;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * jemalloc's figures, read by number instead of by name: jemalloc turns a dotted name into numbers by searching its
 * tree, which is done once here, and not for each of the hundred values that a reading takes.
 *
 * <p>The values of one reading are of one moment, unless another thread reads too: jemalloc copies its counters when
 * told to, and all are read from that copy. Any thread may call.
 */
final class JemallocStatistics {
    /** The place of a bin's index in the numbers of {@code stats.arenas.4096.bins.0.curregs}. */
    private static final int BIN_PART = 4;

    /** More parts than any name here has. */
    private static final int MOST_PARTS = 8;

    private static final String BINS = "stats.arenas." + JemallocControl.ALL_ARENAS + ".bins.0.";

    private final MethodHandle byMib;
    private final Mallctl mallctl;

    // The numbers of names; empty where this version of jemalloc has no such name.
    private final long[] allocated;
    private final long[] active;
    private final long[] resident;
    private final long[] retained;
    private final long[] metadata;
    private final long[] mapped;
    private final long[] muzzyPages;
    private final long[] takenPlaces;
    private final long[] slabs;

    private final long pageBytes;

    // By index of the bin: how many places a slab has, and of what size.
    private final long[] placesPerSlab;
    private final long[] placeBytes;

    private JemallocStatistics(MethodHandle nameToMib, MethodHandle byMib, Mallctl mallctl) {
        this.byMib = byMib;
        this.mallctl = mallctl;
        allocated = mib(nameToMib, "stats.allocated");
        active = mib(nameToMib, "stats.active");
        resident = mib(nameToMib, "stats.resident");
        retained = mib(nameToMib, "stats.retained");
        metadata = mib(nameToMib, "stats.metadata");
        mapped = mib(nameToMib, "stats.mapped");
        muzzyPages = mib(nameToMib, "stats.arenas." + JemallocControl.ALL_ARENAS + ".pmuzzy");
        takenPlaces = mib(nameToMib, BINS + "curregs");
        slabs = mib(nameToMib, BINS + "curslabs");
        pageBytes = mallctl.readLong("arenas.page");
        int bins = mallctl.readInt("arenas.nbins");
        placesPerSlab = new long[bins];
        placeBytes = new long[bins];
        for (int bin = 0; bin < bins; bin++) {
            placesPerSlab[bin] = mallctl.readInt("arenas.bin." + bin + ".nregs");
            placeBytes[bin] = mallctl.readLong("arenas.bin." + bin + ".size");
        }
    }

    /** The figures of {@code library}; empty if it was built without any. */
    static Optional<JemallocStatistics> of(NativeLibrary library, Mallctl mallctl) {
        long nameToMib = library.find("mallctlnametomib");
        long byMib = library.find("mallctlbymib");
        if (nameToMib == 0 || byMib == 0 || !mallctl.readBoolean("config.stats")) {
            return Optional.empty();
        }
        return Optional.of(new JemallocStatistics(
                Downcalls.ordinary(nameToMib, mallctlnametomib_fn.descriptor()),
                Downcalls.ordinary(byMib, mallctlbymib_fn.descriptor()),
                mallctl));
    }

    /** All figures, now. */
    AllocatorFigures read() {
        mallctl.refreshStatistics();
        try (Arena arena = Arena.ofConfined()) {
            Reader reader = new Reader(byMib, arena);
            OptionalLong muzzy = reader.read(muzzyPages);
            return new AllocatorFigures(
                    reader.read(allocated),
                    reader.read(active),
                    reader.read(resident),
                    reader.read(retained),
                    reader.read(metadata),
                    reader.read(mapped),
                    muzzy.isPresent() ? OptionalLong.of(muzzy.getAsLong() * pageBytes) : muzzy,
                    smallBinFragmentation(reader));
        }
    }

    private OptionalLong smallBinFragmentation(Reader reader) {
        long sum = 0;
        for (int bin = 0; bin < placeBytes.length; bin++) {
            OptionalLong taken = reader.read(ofBin(takenPlaces, bin));
            OptionalLong of = reader.read(ofBin(slabs, bin));
            if (taken.isEmpty() || of.isEmpty()) {
                return OptionalLong.empty();
            }
            // Another thread's reading may have changed jemalloc's copy between the two: free places are not negative.
            long free = Math.max(0, of.getAsLong() * placesPerSlab[bin] - taken.getAsLong());
            sum += free * placeBytes[bin];
        }
        return OptionalLong.of(sum);
    }

    private static long[] ofBin(long[] mib, int bin) {
        long[] parts = mib.clone();
        if (parts.length > BIN_PART) {
            parts[BIN_PART] = bin;
        }
        return parts;
    }

    private static long[] mib(MethodHandle nameToMib, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment parts = arena.allocate(ValueLayout.JAVA_LONG, MOST_PARTS);
            MemorySegment count = arena.allocateFrom(ValueLayout.JAVA_LONG, MOST_PARTS);
            long nameAddress = arena.allocateFrom(name).address();
            int error =
                    Downcalls.call(() -> (int) nameToMib.invokeExact(nameAddress, parts.address(), count.address()));
            return error != 0
                    ? new long[0]
                    : parts.asSlice(0, count.get(ValueLayout.JAVA_LONG, 0) * Long.BYTES)
                            .toArray(ValueLayout.JAVA_LONG);
        }
    }

    /** Reads values through buffers of its own. */
    private static final class Reader {
        private final MethodHandle byMib;
        private final MemorySegment mibBuffer;
        private final MemorySegment value;
        private final MemorySegment length;

        Reader(MethodHandle byMib, Arena arena) {
            this.byMib = byMib;
            mibBuffer = arena.allocate(ValueLayout.JAVA_LONG, MOST_PARTS);
            value = arena.allocate(ValueLayout.JAVA_LONG);
            length = arena.allocate(ValueLayout.JAVA_LONG);
        }

        /** Reads a {@code size_t}; empty for an empty {@code mib} and what jemalloc refuses. */
        OptionalLong read(long[] mib) {
            if (mib.length == 0) {
                return OptionalLong.empty();
            }
            MemorySegment.copy(mib, 0, mibBuffer, ValueLayout.JAVA_LONG, 0, mib.length);
            length.set(ValueLayout.JAVA_LONG, 0, value.byteSize());
            try {
                int error = (int) byMib.invokeExact(
                        mibBuffer.address(), (long) mib.length, value.address(), length.address(), 0L, 0L);
                return error == 0 ? OptionalLong.of(value.get(ValueLayout.JAVA_LONG, 0)) : OptionalLong.empty();
            } catch (Throwable thrown) {
                throw Downcalls.unexpected(thrown);
            }
        }
    }
}
