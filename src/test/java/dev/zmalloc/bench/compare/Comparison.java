package dev.zmalloc.bench.compare;

import dev.zmalloc.bench.Machine;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;

/**
 * What all replays showed.
 *
 * @param machine where they ran
 * @param settings how
 * @param backends the allocators that are present, in order
 * @param absent those that were wanted and are not here, or failed
 * @param workloads what was replayed
 */
record Comparison(
        Machine machine, Settings settings, List<Backend> backends, List<Absent> absent, List<Workload> workloads) {

    /**
     * What was asked for.
     *
     * @param mebibytes requested and live when a workload is full
     * @param forks processes for each workload and allocator
     * @param seed of the workloads
     */
    record Settings(int mebibytes, int forks, long seed) {}

    /**
     * An allocator that is not in the figures.
     *
     * @param name as in the setting {@code zmalloc.allocator}
     * @param why in one line
     */
    record Absent(String name, String why) {}

    /**
     * One log, replayed with each allocator.
     *
     * @param kind which
     * @param control the replay with no allocator
     * @param entries of the allocators, in order
     */
    record Workload(WorkloadKind kind, ReplayResult control, List<Entry> entries) {
        /** The most that was requested and live, as the samples saw it. */
        long peakRequestedBytes() {
            return control.samples().stream()
                    .mapToLong(ReplayResult.Sample::requestedBytes)
                    .max()
                    .orElse(0);
        }
    }

    /**
     * The replays of one log with one allocator. Each figure is the median over them.
     *
     * @param backend the allocator
     * @param forks at least one
     */
    record Entry(Backend backend, List<ReplayResult> forks) {
        Entry {
            forks = List.copyOf(forks);
        }

        double seconds() {
            return median(ReplayResult::elapsedNanos) / 1e9;
        }

        double processorSeconds() {
            return median(ReplayResult::processorNanos) / 1e9;
        }

        long peakUsedBytes() {
            return median(ReplayResult::peakUsedBytes);
        }

        long peakResidentBytes() {
            return median(ReplayResult::peakResidentBytes);
        }

        /** Memory at the moment of that name; empty if this allocator does not have it. */
        Optional<ReplayResult.Sample> point(String name) {
            if (forks.getFirst().points().stream()
                    .noneMatch(point -> point.name().equals(name))) {
                return Optional.empty();
            }
            ReplayResult.Sample first = at(forks.getFirst(), name);
            return Optional.of(new ReplayResult.Sample(
                    name,
                    first.donePercent(),
                    first.requestedBytes(),
                    median(fork -> at(fork, name).usedBytes()),
                    median(fork -> at(fork, name).residentBytes())));
        }

        /** The course of the first replay. */
        List<ReplayResult.Sample> samples() {
            return forks.getFirst().samples();
        }

        private static ReplayResult.Sample at(ReplayResult fork, String name) {
            return fork.points().stream()
                    .filter(point -> point.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }

        private long median(ToLongFunction<ReplayResult> figure) {
            // Of an even number the lower of the two in the middle: a figure that was measured.
            return sorted(figure)[(forks.size() - 1) / 2];
        }

        private long[] sorted(ToLongFunction<ReplayResult> figure) {
            return forks.stream().mapToLong(figure).sorted().toArray();
        }
    }

    /** Fragmentation: resident growth to used bytes. 1 is a process that holds what its blocks take, and no more. */
    static double fragmentation(ReplayResult.Sample point) {
        return point.usedBytes() == 0 ? 0 : (double) point.residentBytes() / point.usedBytes();
    }
}
