package dev.zmalloc.bench.eviction;

import dev.zmalloc.bench.Machine;
import dev.zmalloc.bench.eviction.ResidentRun.Found;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How many entries, and how many hits, caches have of small objects in the same resident memory.
 *
 * <p>Each cache gets the limit, of whatever kind it takes, under which it comes to hold that much: found by running it
 * in JVMs of its own, one after another, each with the limit that the closest one so far suggests. All of them take
 * about ten minutes.
 */
public final class ResidentHits {
    private static final int KEYS = 4_000_000;
    private static final int REQUESTS = 16_000_000;
    private static final long RESIDENT_BYTES = 256L << 20;
    private static final int TRIES = 5;
    private static final double CLOSE = 0.01;
    private static final double MEBIBYTE = 1 << 20;
    private static final int UNSAFE_OPTION_SINCE = 23;

    private ResidentHits() {}

    /** Takes the names of caches; all if there are none. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<ResidentCache> caches = arguments.length == 0
                ? List.of(ResidentCache.values())
                : Arrays.stream(arguments)
                        .map(name -> ResidentCache.valueOf(name.toUpperCase(Locale.ROOT)))
                        .toList();
        System.out.println(Machine.here().words() + ", " + Machine.here().date());
        System.out.printf(
                Locale.ROOT,
                "%,d keys of 16 bytes, values of 50 to 500, Zipf 0.99, %,d requests, hits of the second half; %.0f MiB"
                        + " resident%n",
                KEYS,
                REQUESTS,
                RESIDENT_BYTES / MEBIBYTE);
        System.out.printf("%-20s %15s %12s %12s %10s%n", "cache", "limit", "MiB", "entries", "hits");
        for (ResidentCache cache : caches) {
            show(cache);
        }
    }

    private static void show(ResidentCache cache) throws IOException, InterruptedException {
        long limit = cache.limitFor(RESIDENT_BYTES);
        Found found = run(cache, limit);
        long next = limit;
        for (int attempt = 1; attempt < TRIES && distance(found) > CLOSE; attempt++) {
            next = (long) (limit * ((double) RESIDENT_BYTES / found.residentBytes()));
            Found closer = run(cache, next);
            if (distance(closer) < distance(found)) {
                found = closer;
                limit = next;
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%-20s %,15d %12.1f %,12d %8.2f %%%s%n",
                cache,
                limit,
                found.residentBytes() / MEBIBYTE,
                found.entries(),
                100 * found.hitRatio(),
                distance(found) <= CLOSE ? "" : "   (not within 1 % of the memory)");
    }

    private static double distance(Found found) {
        return Math.abs((double) found.residentBytes() / RESIDENT_BYTES - 1);
    }

    private static Found run(ResidentCache cache, long limit) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xms2g", "-Xmx2g", "-XX:+AlwaysPreTouch", "--enable-native-access=ALL-UNNAMED"));
        if (Runtime.version().feature() >= UNSAFE_OPTION_SINCE) {
            // For OHC.
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), ResidentRun.class.getName()));
        command.addAll(List.of(cache.name(), Long.toString(limit), Integer.toString(KEYS), Integer.toString(REQUESTS)));
        command.add("1");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        if (cache.preloadsJemalloc()) {
            builder.environment().put("LD_PRELOAD", "libjemalloc.so.2");
        }
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(cache + " could not be measured: " + output);
        }
        return Found.parse(output);
    }
}
