package dev.zmalloc.cli;

import dev.zmalloc.MemorySize;
import dev.zmalloc.metrics.ZMallocManagement;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.management.Attribute;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;

/**
 * Figures of a process and its stores, under the names that Redis gives them. What the allocator does not tell is
 * absent, and so is what Redis counts of databases, clients and replicas.
 *
 * @param process the attributes of the process' bean that are told
 * @param stores those of each store's bean, by the store's name
 */
record MemoryReport(Map<String, Object> process, Map<String, Map<String, Object>> stores) {
    private static final String STORES = "dev.zmalloc:type=OffHeapStore,*";

    /** Under this Redis' MEMORY DOCTOR has nothing to say. */
    private static final long LEAST_BYTES = 5 << 20;

    private static final long NOTABLE_BYTES = 10 << 20;
    private static final double NOTABLE_PEAK = 1.5;
    private static final double NOTABLE_RATIO = 1.1;

    /** Names of INFO memory and the attributes that they are read from; those in bytes have a twin for people. */
    private static final Map<String, String> INFO =
            names("used_memory=UsedMemory used_memory_rss=ProcessResidentBytes used_memory_peak=PeakMemory"
                    + " allocator_allocated=AllocatedBytes allocator_active=ActiveBytes"
                    + " allocator_resident=ResidentBytes allocator_muzzy=MuzzyBytes total_system_memory=AvailableBytes"
                    + " allocator_frag_ratio=AllocatorFragmentationRatio"
                    + " allocator_frag_bytes=AllocatorFragmentationBytes allocator_rss_ratio=AllocatorResidentRatio"
                    + " allocator_rss_bytes=AllocatorResidentBytes rss_overhead_ratio=ResidentOverheadRatio"
                    + " rss_overhead_bytes=ResidentOverheadBytes mem_fragmentation_ratio=FragmentationRatio"
                    + " mem_fragmentation_bytes=FragmentationBytes");

    private static final Map<String, String> STATS =
            names("peak.allocated=PeakMemory total.allocated=UsedMemory allocator.allocated=AllocatedBytes"
                    + " allocator.active=ActiveBytes allocator.resident=ResidentBytes allocator.muzzy=MuzzyBytes"
                    + " allocator-fragmentation.ratio=AllocatorFragmentationRatio"
                    + " allocator-fragmentation.bytes=AllocatorFragmentationBytes"
                    + " allocator-rss.ratio=AllocatorResidentRatio allocator-rss.bytes=AllocatorResidentBytes"
                    + " rss-overhead.ratio=ResidentOverheadRatio rss-overhead.bytes=ResidentOverheadBytes"
                    + " fragmentation=FragmentationRatio fragmentation.bytes=FragmentationBytes");

    private static final Map<String, String> STORE = names("keys=Entries used_memory=UsedMemory maxmemory=MaxMemory"
            + " maxmemory_policy=EvictionPolicy keyspace_hits=Hits keyspace_misses=Misses evicted_keys=Evictions"
            + " expired_keys=Expirations rejected_puts=Rejections");

    /** Reads all beans. */
    static MemoryReport of(MBeanServerConnection beans) throws IOException {
        try {
            Map<String, Map<String, Object>> stores = new TreeMap<>();
            for (ObjectName name : beans.queryNames(new ObjectName(STORES), null)) {
                stores.put(ObjectName.unquote(name.getKeyProperty("name")), attributes(beans, name));
            }
            return new MemoryReport(attributes(beans, new ObjectName(ZMallocManagement.OBJECT_NAME)), stores);
        } catch (InstanceNotFoundException e) {
            throw new IOException(
                    "the process shows no " + e.getMessage() + ": it has to call ZMallocManagement.register()", e);
        } catch (JMException e) {
            throw new IOException("the process does not tell: " + e, e);
        }
    }

    private static Map<String, Object> attributes(MBeanServerConnection beans, ObjectName name)
            throws IOException, JMException {
        String[] names = Arrays.stream(beans.getMBeanInfo(name).getAttributes())
                .map(MBeanAttributeInfo::getName)
                .toArray(String[]::new);
        Map<String, Object> told = new TreeMap<>();
        for (Attribute attribute : beans.getAttributes(name, names).asList()) {
            if (attribute.getValue() != null) {
                told.put(attribute.getName(), attribute.getValue());
            }
        }
        return told;
    }

    /** A figure of process or store; 0 if it is not told. */
    static double number(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Number number ? number.doubleValue() : 0;
    }

    /** A whole one; 0 if it is not told. */
    static long count(Map<String, Object> attributes, String name) {
        return attributes.get(name) instanceof Long count ? count : 0;
    }

    private double number(String attribute) {
        return number(process, attribute);
    }

    /** Redis' INFO memory. */
    Map<String, Object> info() {
        Map<String, Object> info = new LinkedHashMap<>();
        renamed(process, INFO).forEach((name, value) -> {
            info.put(name, value);
            if (value instanceof Long bytes && (name.startsWith("used_") || name.startsWith("total_"))) {
                info.put(name + "_human", MemorySize.format(bytes));
            }
        });
        info.put("used_memory_peak_time", count(process, "PeakTimeMillis") / 1000);
        info.put("used_memory_peak_perc", peakPercent() + "%");
        info.put("mem_allocator", allocator());
        return info;
    }

    /** Redis' MEMORY STATS. */
    Map<String, Object> stats() {
        Map<String, Object> stats = renamed(process, STATS);
        stats.put("peak.percentage", peakPercent());
        long keys = sum("Entries");
        stats.put("keys.count", keys);
        // Redis leaves the fixed part out, which here is small, and the table, which here is the keys' own.
        stats.put("keys.bytes-per-key", keys == 0 ? 0 : sum("UsedMemory") / keys);
        return stats;
    }

    /** Redis' INFO keyspace and stats, of each store. */
    Map<String, Map<String, Object>> storeFigures() {
        Map<String, Map<String, Object>> figures = new LinkedHashMap<>();
        stores.forEach((name, attributes) -> figures.put(name, renamed(attributes, STORE)));
        return figures;
    }

    /**
     * Redis' MEMORY DOCTOR: what is notable, and what helps. Its looks at all of the process' resident memory are left
     * out, since in a JVM the heap is in that.
     */
    List<String> doctor() {
        List<String> advice = new ArrayList<>();
        double used = number("UsedMemory");
        if (used >= LEAST_BYTES) {
            if (number("PeakMemory") > NOTABLE_PEAK * used) {
                advice.add("Peak: at most " + size("PeakMemory") + " was in use, now " + size("UsedMemory")
                        + " is. The allocator may keep pages of that time: purge() gives them back.");
            }
            if (isNotable("AllocatorFragmentation")) {
                advice.add("Fragmentation: " + size("AllocatorFragmentationBytes") + " lie free between small blocks."
                        + " Blocks of fewer sizes and of like lifetime need fewer pages.");
            }
            if (isNotable("AllocatorResident")) {
                advice.add("Unused pages: the allocator keeps " + size("AllocatorResidentBytes")
                        + " more than it needs. purge() gives them back; a shorter decay time keeps fewer.");
            }
        }
        stores.forEach((name, attributes) -> {
            long rejections = count(attributes, "Rejections");
            if (rejections > 0) {
                advice.add("Store " + name + ": " + Format.count(rejections)
                        + " puts were refused. A higher limit, or a policy that evicts, takes them.");
            }
        });
        if (advice.isEmpty()) {
            advice.add(
                    used < LEAST_BYTES
                            ? "Less than " + MemorySize.format(LEAST_BYTES) + " is in use: there is nothing to say."
                            : "Nothing is notable.");
        }
        return advice;
    }

    /** All of it, by section. */
    Map<String, Object> sections() {
        Map<String, Object> sections = new LinkedHashMap<>();
        sections.put("memory", info());
        sections.put("stats", stats());
        sections.put("stores", storeFigures());
        sections.put("doctor", doctor());
        return sections;
    }

    /** The same as text: a line {@code name:value} for each figure, as Redis' INFO writes them. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("# Memory");
        info().forEach((name, value) -> lines.add(name + ":" + value));
        lines.add("");
        lines.add("# Memory stats");
        stats().forEach((name, value) -> lines.add(name + ":" + value));
        storeFigures().forEach((store, figures) -> {
            lines.add("");
            lines.add("# Store " + store);
            figures.forEach((name, value) -> lines.add(name + ":" + value));
        });
        lines.add("");
        lines.add("# Memory doctor");
        lines.addAll(doctor());
        return lines;
    }

    /** Name and version of the allocator, as Redis joins them. */
    String allocator() {
        Object version = process.getOrDefault("AllocatorVersion", "");
        return process.get("AllocatorName") + (version.equals("") ? "" : "-" + version);
    }

    private boolean isNotable(String of) {
        return number(of + "Ratio") > NOTABLE_RATIO && number(of + "Bytes") > NOTABLE_BYTES;
    }

    private String size(String attribute) {
        return MemorySize.format(count(process, attribute));
    }

    private double peakPercent() {
        double peak = number("PeakMemory");
        return peak == 0 ? 0 : Math.round(10_000 * number("UsedMemory") / peak) / 100.0;
    }

    private long sum(String attribute) {
        return stores.values().stream()
                .mapToLong(store -> count(store, attribute))
                .sum();
    }

    private static Map<String, Object> renamed(Map<String, Object> attributes, Map<String, String> names) {
        Map<String, Object> renamed = new LinkedHashMap<>();
        names.forEach((name, attribute) -> {
            Object value = attributes.get(attribute);
            if (value != null) {
                renamed.put(name, value instanceof Double ratio ? Math.round(ratio * 100) / 100.0 : value);
            }
        });
        return renamed;
    }

    private static Map<String, String> names(String pairs) {
        Map<String, String> names = new LinkedHashMap<>();
        for (String pair : pairs.split(" ")) {
            int equals = pair.indexOf('=');
            names.put(pair.substring(0, equals), pair.substring(equals + 1));
        }
        return names;
    }
}
