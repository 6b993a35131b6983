package dev.zmalloc.bench.peers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The JVM that a peer is measured in: two gibibytes of heap, which a million entries on the heap fit into and which are
 * touched at the start, the peer's own options, and jemalloc in front of libc's malloc for who asks for it.
 */
public final class PeerJvm {
    private static final int UNSAFE_OPTION_SINCE = 23;
    private static final String JEMALLOC = "libjemalloc.so.2";
    private static final List<String> COMMON =
            List.of("-Xms2g", "-Xmx2g", "-XX:+AlwaysPreTouch", "--enable-native-access=ALL-UNNAMED");

    private final Path launcher;
    private final boolean jemallocLoads;

    /** Looks whether jemalloc can be preloaded, and writes a launcher that does so into {@code folder}. */
    public PeerJvm(Path folder) throws IOException, InterruptedException {
        launcher = Files.createDirectories(folder).resolve("java-with-jemalloc").toAbsolutePath();
        Files.writeString(launcher, "#!/bin/sh\nLD_PRELOAD=" + JEMALLOC + " exec '" + java() + "' \"$@\"\n");
        if (!launcher.toFile().setExecutable(true)) {
            throw new IOException(launcher + " cannot be made executable");
        }
        // The loader complains of what it cannot preload, and goes on.
        Process version = new ProcessBuilder(launcher.toString(), "-version")
                .redirectErrorStream(true)
                .start();
        String words = new String(version.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        jemallocLoads = version.waitFor() == 0 && !words.contains(JEMALLOC);
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Whether jemalloc is there to preload. */
    public boolean jemallocLoads() {
        return jemallocLoads;
    }

    /** The program that starts it. */
    String executable(Peer peer) {
        return peer.preloadsJemalloc() && jemallocLoads ? launcher.toString() : java();
    }

    List<String> options(Peer peer) {
        List<String> options = new ArrayList<>(COMMON);
        if (Runtime.version().feature() >= UNSAFE_OPTION_SINCE) {
            // For JMH too, which would be warned of in each JVM.
            options.add("--sun-misc-unsafe-memory-access=allow");
        }
        options.addAll(peer.options());
        return options;
    }

    /** Runs {@link PeerMemory}. */
    PeerMemory.Sizes memory(Peer peer) throws IOException, InterruptedException {
        return PeerMemory.Sizes.parse(run(peer, List.of(), PeerMemory.class, peer.name()));
    }

    /**
     * Runs a main class in a JVM as it is for a peer, and answers what it has printed.
     *
     * @param more options of the JVM besides
     * @throws IOException if it failed; the message has what it printed
     */
    public String run(Peer peer, List<String> more, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(executable(peer));
        command.addAll(options(peer));
        command.addAll(more);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(main.getSimpleName() + " of " + peer.title() + " has failed: " + output);
        }
        return output;
    }
}
