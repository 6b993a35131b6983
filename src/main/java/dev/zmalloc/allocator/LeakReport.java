package dev.zmalloc.allocator;

import dev.zmalloc.allocator.BlockRegistry.Block;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The native memory that is held at a moment, by where in the program it was taken, most bytes first.
 *
 * @param isEstimate whether the numbers are extrapolated from a sample
 * @param sites where memory was taken that is held
 */
public record LeakReport(boolean isEstimate, List<Site> sites) {
    /**
     * What one place in the program holds.
     *
     * @param blocks how many blocks
     * @param bytes how many requested bytes
     * @param frames the stack, from the caller of {@code ZMalloc} outwards
     */
    public record Site(long blocks, long bytes, List<StackTraceElement> frames) {
        public Site {
            frames = List.copyOf(frames);
        }
    }

    /** Keeps a copy of the list. */
    public LeakReport {
        sites = List.copyOf(sites);
    }

    /** How many blocks are held. */
    public long blocks() {
        return sites.stream().mapToLong(Site::blocks).sum();
    }

    /** How many requested bytes are held. */
    public long bytes() {
        return sites.stream().mapToLong(Site::bytes).sum();
    }

    /** The report for people. */
    @Override
    public String toString() {
        if (sites.isEmpty()) {
            return "zmalloc: no native memory is held" + (isEstimate ? ", as far as sampled" : "");
        }
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "zmalloc: %s%,d bytes are held in %,d blocks, taken at %,d places",
                isEstimate ? "about " : "",
                bytes(),
                blocks(),
                sites.size()));
        for (Site site : sites) {
            text.append(String.format(Locale.ROOT, "%n  %,d bytes in %,d blocks, taken", site.bytes(), site.blocks()));
            new AllocationSite(site.frames()).appendTo(text, "      ");
        }
        return text.toString();
    }

    static LeakReport of(Collection<Block> blocks, boolean isSample) {
        return new LeakReport(isSample, sites(blocks, isSample));
    }

    private static List<Site> sites(Collection<Block> blocks, boolean isSample) {
        Map<AllocationSite, double[]> sums = new HashMap<>();
        for (Block block : blocks) {
            AllocationSite site = block.site();
            if (block.isFreed()) {
                // Meanwhile, and its site may be forgotten.
                continue;
            }
            long bytes = Math.max(1, block.requestedBytes());
            double weightBytes = isSample ? AllocationSampler.weightBytes(bytes) : block.requestedBytes();
            double[] sum = sums.computeIfAbsent(site, missing -> new double[2]);
            sum[0] += isSample ? weightBytes / bytes : 1;
            sum[1] += weightBytes;
        }
        List<Site> sites = new ArrayList<>();
        sums.forEach((site, sum) -> sites.add(new Site(Math.round(sum[0]), Math.round(sum[1]), site.frames())));
        sites.sort(Comparator.comparingLong(Site::bytes).reversed());
        return sites;
    }
}
