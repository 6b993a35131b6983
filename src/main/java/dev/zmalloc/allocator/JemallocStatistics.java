package dev.zmalloc.allocator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * jemalloc's figures. Those of one reading are of one moment, unless another thread reads too: jemalloc copies its
 * counters when told to, and all are read from that copy. Any thread may call.
 *
 * <p>The hundred values of a reading are read by name: some 40 microseconds together, and no less by the numbers that
 * jemalloc has for names.
 */
final class JemallocStatistics {
    private static final String ARENAS = "stats.arenas." + JemallocControl.ALL_ARENAS + ".";

    /** A class of small blocks: the names of what it has in use, how many places a slab has, and of what size. */
    private record Bin(String takenPlaces, String slabs, long placesPerSlab, long placeBytes) {}

    private final Mallctl mallctl;
    private final long pageBytes;
    private final List<Bin> bins = new ArrayList<>();

    private JemallocStatistics(Mallctl mallctl) {
        this.mallctl = mallctl;
        pageBytes = mallctl.readLong("arenas.page");
        int count = mallctl.readInt("arenas.nbins");
        for (int index = 0; index < count; index++) {
            String used = ARENAS + "bins." + index;
            String made = "arenas.bin." + index;
            bins.add(new Bin(
                    used + ".curregs",
                    used + ".curslabs",
                    mallctl.readInt(made + ".nregs"),
                    mallctl.readLong(made + ".size")));
        }
    }

    /** The figures of a library; empty if it was built without any. */
    static Optional<JemallocStatistics> of(Mallctl mallctl) {
        return mallctl.readBoolean("config.stats") ? Optional.of(new JemallocStatistics(mallctl)) : Optional.empty();
    }

    /** All figures, now; those that this version of jemalloc has no name for are empty. */
    AllocatorFigures read() {
        mallctl.refreshStatistics();
        OptionalLong muzzyPages = mallctl.tryReadLong(ARENAS + "pmuzzy");
        return new AllocatorFigures(
                mallctl.tryReadLong("stats.allocated"),
                mallctl.tryReadLong("stats.active"),
                mallctl.tryReadLong("stats.resident"),
                mallctl.tryReadLong("stats.retained"),
                mallctl.tryReadLong("stats.metadata"),
                mallctl.tryReadLong("stats.mapped"),
                muzzyPages.isPresent() ? OptionalLong.of(muzzyPages.getAsLong() * pageBytes) : muzzyPages,
                smallBinFragmentation());
    }

    private OptionalLong smallBinFragmentation() {
        long sum = 0;
        for (Bin bin : bins) {
            OptionalLong taken = mallctl.tryReadLong(bin.takenPlaces);
            OptionalLong slabs = mallctl.tryReadLong(bin.slabs);
            if (taken.isEmpty() || slabs.isEmpty()) {
                return OptionalLong.empty();
            }
            // Another thread's reading may have changed jemalloc's copy between the two: free places are not negative.
            sum += Math.max(0, slabs.getAsLong() * bin.placesPerSlab - taken.getAsLong()) * bin.placeBytes;
        }
        return OptionalLong.of(sum);
    }
}
