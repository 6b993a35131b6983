package dev.zmalloc.bench.compare;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs JVMs, one after the other, with a folder for their files. When this JVM ends, by Ctrl-C too, the running one is
 * killed and the folder is gone.
 */
final class Children implements AutoCloseable {
    private static final long TICK_MILLIS = 250;
    private static final long TIMEOUT_SECONDS = 300;
    private static final int MOST_LINES = 12;

    /** What would change a JVM or its allocator behind the comparison's back. */
    private static final List<String> VARIABLES_REMOVED =
            List.of("LD_PRELOAD", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

    private static final List<String> PREFIXES_REMOVED = List.of("ZMALLOC_", "MALLOC_", "MIMALLOC_", "TCMALLOC_");

    /** A JVM that did not end well. */
    static final class Failure extends Exception {
        private static final long serialVersionUID = 1;

        private final int status;

        Failure(int status, String message) {
            super(message);
            this.status = status;
        }

        /** Its exit status; -1 if it took too long. */
        int status() {
            return status;
        }
    }

    private final Path folder;
    private final ReentrantLock lock = new ReentrantLock();
    private final Thread hook = new Thread(this::killAndClean, "compare-stop");
    private @Nullable Process running;
    private boolean stopping;

    /** Makes a folder in {@code parent}. */
    Children(Path parent) throws IOException {
        folder = Files.createTempDirectory(Files.createDirectories(parent), "compare-");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /** A file of this name in the folder. */
    Path file(String name) {
        return folder.resolve(name);
    }

    /**
     * Runs {@code main} in a JVM of its own and waits for its end.
     *
     * @param options of the JVM
     * @param tick called several times a second meanwhile
     * @return what it printed to standard output
     * @throws Failure if it failed; the message is the last that it printed to standard error
     */
    String run(List<String> options, Class<?> main, List<String> arguments, Runnable tick)
            throws IOException, InterruptedException, Failure {
        Path out = file("out");
        Path err = file("err");
        Process process = start(command(options, main, arguments), out, err);
        long begin = System.nanoTime();
        while (!process.waitFor(TICK_MILLIS, TimeUnit.MILLISECONDS)) {
            tick.run();
            if (System.nanoTime() - begin > TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS)) {
                process.destroyForcibly().waitFor();
                throw new Failure(-1, "not done after " + TIMEOUT_SECONDS + " seconds");
            }
        }
        waitIfStopping();
        if (process.exitValue() != 0) {
            throw new Failure(process.exitValue(), lastLines(err, process.exitValue()));
        }
        return Files.readString(out);
    }

    private Process start(List<String> command, Path out, Path err) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().keySet().removeAll(VARIABLES_REMOVED);
        builder.environment()
                .keySet()
                .removeIf(name -> PREFIXES_REMOVED.stream().anyMatch(name::startsWith));
        waitIfStopping();
        lock.lock();
        try {
            running = builder.start();
            return running;
        } finally {
            lock.unlock();
        }
    }

    private List<String> command(List<String> options, Class<?> main, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-XX:+UseSerialGC");
        command.add("-XX:-UsePerfData");
        command.add("-XX:-CreateCoredumpOnCrash");
        command.add("-XX:ErrorFile=" + file("hs_err.log"));
        command.addAll(options);
        String surefire = System.getProperty("surefire.test.class.path", "");
        command.add("-cp");
        command.add(surefire.isEmpty() ? System.getProperty("java.class.path") : surefire);
        command.add(main.getName());
        command.addAll(arguments);
        return command;
    }

    /**
     * A signal from the terminal ends this JVM and its child alike. Whoever sees the child's end first must not take it
     * for a failure: this JVM is about to end too, and this thread with it.
     */
    private void waitIfStopping() throws InterruptedException {
        boolean stop;
        lock.lock();
        try {
            stop = stopping;
        } finally {
            lock.unlock();
        }
        if (stop) {
            Thread.currentThread().join();
        }
    }

    private static String lastLines(Path err, int status) throws IOException {
        List<String> lines = Files.readString(err).lines().toList();
        String text = lines.subList(Math.max(0, lines.size() - MOST_LINES), lines.size()).stream()
                .collect(Collectors.joining(System.lineSeparator()));
        return text.isBlank() ? "the process ended with status " + status + ", and said nothing" : text.strip();
    }

    private void killAndClean() {
        Process process;
        lock.lock();
        try {
            stopping = true;
            process = running;
        } finally {
            lock.unlock();
        }
        try {
            if (process != null) {
                process.destroyForcibly().waitFor();
            }
            clean();
        } catch (IOException e) {
            System.err.println("Could not remove " + folder + ": " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void clean() throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Removes the folder. */
    @Override
    public void close() throws IOException {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending: the hook does it.
            return;
        }
        clean();
    }
}
