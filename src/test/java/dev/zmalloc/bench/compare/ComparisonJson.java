package dev.zmalloc.bench.compare;

import com.fasterxml.jackson.jr.ob.JSON;
import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.compare.Comparison.Entry;
import dev.zmalloc.bench.compare.Comparison.Workload;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The comparison as JSON, for programs: all figures of all processes, with units in their names. */
final class ComparisonJson {
    private ComparisonJson() {}

    /** The text of the file. */
    static String text(Comparison comparison) throws IOException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("machine", machine(comparison.machine()));
        all.put("settings", settings(comparison.settings()));
        all.put("definitions", ComparisonTable.definitions());
        all.put(
                "missing",
                comparison.absent().stream()
                        .map(absent -> Map.of("name", absent.name(), "why", absent.why()))
                        .toList());
        all.put(
                "workloads",
                comparison.workloads().stream().map(ComparisonJson::workload).toList());
        return JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(all) + "\n";
    }

    private static Map<String, Object> machine(Machine machine) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("processor", machine.processor());
        map.put("processors", machine.processors());
        map.put("memory_bytes", machine.memoryBytes());
        map.put("system", machine.system());
        map.put("kernel", machine.kernel());
        map.put("jdk", machine.java());
        map.put("transparent_huge_pages", machine.hugePages());
        map.put("date", machine.date());
        return map;
    }

    private static Map<String, Object> settings(Comparison.Settings settings) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("full_mebibytes", settings.mebibytes());
        map.put("forks", settings.forks());
        map.put("seed", settings.seed());
        return map;
    }

    private static Map<String, Object> workload(Workload workload) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", workload.kind().toString());
        map.put("what", workload.kind().words());
        map.put("operations", workload.control().operations());
        map.put("peak_requested_bytes", workload.peakRequestedBytes());
        map.put(
                "without_allocator",
                Map.of(
                        "seconds",
                        workload.control().elapsedNanos() / 1e9,
                        "peak_resident_bytes",
                        workload.control().peakResidentBytes()));
        map.put(
                "allocators",
                workload.entries().stream().map(ComparisonJson::entry).toList());
        return map;
    }

    private static Map<String, Object> entry(Entry entry) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", entry.backend().name());
        map.put("version", entry.backend().version());
        map.put("file", entry.backend().file());
        map.put("origin", entry.backend().origin());
        map.put("seconds", entry.seconds());
        map.put("processor_seconds", entry.processorSeconds());
        map.put(
                "seconds_of_forks",
                entry.forks().stream().map(fork -> fork.elapsedNanos() / 1e9).toList());
        map.put(
                "processor_seconds_of_forks",
                entry.forks().stream().map(fork -> fork.processorNanos() / 1e9).toList());
        map.put("peak_used_bytes", entry.peakUsedBytes());
        map.put("peak_resident_bytes", entry.peakResidentBytes());
        map.put("purge_offered", entry.point(Points.PURGED).isPresent());
        Map<String, Object> points = new LinkedHashMap<>();
        for (String name : Points.ALL) {
            entry.point(name).ifPresent(point -> points.put(name, point(point)));
        }
        map.put("points", points);
        map.put("course", course(entry.samples()));
        return map;
    }

    private static Map<String, Object> point(ReplayResult.Sample point) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("done_percent", point.donePercent());
        map.put("requested_bytes", point.requestedBytes());
        map.put("used_bytes", point.usedBytes());
        map.put("resident_bytes", point.residentBytes());
        map.put("fragmentation_ratio", Comparison.fragmentation(point));
        return map;
    }

    private static Map<String, Object> course(List<ReplayResult.Sample> samples) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(
                "done_percent",
                samples.stream().map(ReplayResult.Sample::donePercent).toList());
        map.put("requested_bytes", column(samples, ReplayResult.Sample::requestedBytes));
        map.put("used_bytes", column(samples, ReplayResult.Sample::usedBytes));
        map.put("resident_bytes", column(samples, ReplayResult.Sample::residentBytes));
        return map;
    }

    private static List<Long> column(List<ReplayResult.Sample> samples, Function<ReplayResult.Sample, Long> figure) {
        List<Long> column = new ArrayList<>();
        samples.forEach(sample -> column.add(figure.apply(sample)));
        return column;
    }
}
