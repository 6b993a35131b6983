package dev.zmalloc.cli;

import dev.zmalloc.AllocatorInformation;
import dev.zmalloc.MemoryLimits;
import dev.zmalloc.MemorySize;
import dev.zmalloc.ProcessMemory;
import dev.zmalloc.ZMalloc;
import dev.zmalloc.allocator.AllocatorDescription;
import dev.zmalloc.allocator.AllocatorFigures;
import dev.zmalloc.allocator.LoadAttempt;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code info}: the allocator in use, why it is that one, and what it tells about memory; or another JVM's figures. */
@Command(
        name = "info",
        description = {
            "Shows the allocator in use, where it was found, why not elsewhere, and its figures.",
            "With a process id, or --json: what Redis' INFO memory, MEMORY STATS and MEMORY DOCTOR tell, of that"
                    + " JVM and its stores. It has to have called ZMallocManagement.register()."
        })
final class InfoCommand implements Callable<Integer> {
    private static final String ABSENT = "not told by this backend";
    private static final int SIZE_CLASS_COLUMNS = 90;

    /** A class of this size at least is there where large blocks have classes too. */
    private static final long LARGE_BYTES = 1L << 30;

    private final PrintStream out;
    private final PrintStream err;

    @Parameters(
            paramLabel = "PID",
            arity = "0..1",
            description = "Process id of another JVM, of the same user (default: this one).")
    @Nullable
    Long pid;

    @Option(names = "--json", description = "Write one JSON object.")
    boolean json;

    @Mixin
    private final AllocatorName allocator = new AllocatorName();

    InfoCommand(RunCommand.Environment environment) {
        out = environment.out();
        err = environment.err();
    }

    @Override
    public Integer call() {
        allocator.select();
        return pid == null && !json ? serving() : memory();
    }

    private int memory() {
        try (WatchedJvm jvm = WatchedJvm.of(pid)) {
            MemoryReport report = jvm.report();
            if (json) {
                out.println(JsonText.of(report.sections()));
            } else {
                report.lines().forEach(out::println);
            }
            return ExitCode.OK;
        } catch (IOException e) {
            err.println(Main.NAME + ": " + e.getMessage());
            return ExitCode.ENVIRONMENT;
        }
    }

    private int serving() {
        AllocatorDescription description = ZMalloc.allocator().description();
        line("allocator", description.name());
        line("version", orAbsent(description.version()));
        line("file", description.file().isEmpty() ? "none" : description.file());
        line("origin", description.origin().toString());
        attempts(description.attempts());
        line("page size", bytes(description.pageBytes()) + ", the system's " + bytes(ProcessMemory.pageBytes()));
        sizeClasses(description.sizeClassBytes());
        memory(AllocatorInformation.sample());
        limits(MemoryLimits.read());
        line(
                "java",
                System.getProperty("java.vm.name") + " " + Runtime.version() + ", " + System.getProperty("java.home"));
        line(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch") + ", " + cLibrary());
        return ExitCode.OK;
    }

    private void attempts(List<LoadAttempt> attempts) {
        String label = "tried";
        for (LoadAttempt attempt : attempts) {
            line(label, attempt.origin() + ": " + attempt.sought());
            line("", "  " + attempt.outcome());
            if (!attempt.cure().isEmpty()) {
                line("", "  cure: " + attempt.cure());
            }
            label = "";
        }
    }

    private void sizeClasses(List<Long> sizes) {
        String label = "size classes";
        for (String text : sizes.isEmpty() ? List.of(ABSENT) : SizeClasses.lines(sizes, SIZE_CLASS_COLUMNS)) {
            line(label, text);
            label = "";
        }
        if (!sizes.isEmpty() && sizes.getLast() < LARGE_BYTES) {
            line(label, "what is larger takes whole pages");
        }
    }

    private void memory(AllocatorInformation all) {
        AllocatorFigures figures = all.figures();
        line("allocated", count(figures.allocatedBytes()));
        line("active", count(figures.activeBytes()));
        line("metadata", count(figures.metadataBytes()));
        line("resident", count(figures.residentBytes()));
        line("mapped", count(figures.mappedBytes()));
        line("retained", count(figures.retainedBytes()));
        line("muzzy", count(figures.muzzyBytes()));
        line("fragmented", count(figures.smallBinFragmentationBytes()));
        line("ZMalloc", "used memory " + count(OptionalLong.of(all.usedMemory())));
        line("", "peak " + count(OptionalLong.of(ZMalloc.zmallocPeakMemory())));
        line("process", "resident " + count(all.processResidentBytes()));
        line("", "private dirty " + count(ProcessMemory.privateDirtyBytes()));
        ratio(
                "ratios",
                "mem_fragmentation_ratio = process resident / used memory",
                all.fragmentationRatio(),
                all.fragmentationBytes());
        ratio(
                "",
                "allocator_frag_ratio = 1 + fragmented / allocated",
                all.allocatorFragmentationRatio(),
                all.allocatorFragmentationBytes());
        ratio(
                "",
                "allocator_rss_ratio = resident / active",
                all.allocatorResidentRatio(),
                all.allocatorResidentBytes());
        ratio(
                "",
                "rss_overhead_ratio = process resident / resident",
                all.residentOverheadRatio(),
                all.residentOverheadBytes());
    }

    /** One of Redis' ratios by its name there, with what it is made of. */
    private void ratio(String label, String formula, OptionalDouble ratio, OptionalLong bytes) {
        String value = ratio.isPresent() ? Format.ratio(ratio.getAsDouble()) + ", " : "";
        // Where only the ratio is missing, there is nothing to divide by.
        line(label, formula + ": " + (value.isEmpty() && bytes.isPresent() ? "none, " : value) + count(bytes));
    }

    private void limits(MemoryLimits limits) {
        line("limits", "machine " + count(limits.physicalBytes()));
        line("", "cgroup " + (limits.cgroupBytes().isPresent() ? count(limits.cgroupBytes()) : "none"));
        line("", "largest heap " + count(OptionalLong.of(Runtime.getRuntime().maxMemory())));
    }

    private static String cLibrary() {
        String version = CommandOutput.of("getconf", "GNU_LIBC_VERSION");
        return version.isEmpty() ? "C library not told" : version;
    }

    private static String orAbsent(String text) {
        return text.isEmpty() ? ABSENT : text;
    }

    private static String bytes(OptionalLong bytes) {
        return bytes.isPresent() ? Format.count(bytes.getAsLong()) + " bytes" : ABSENT;
    }

    private static String count(OptionalLong bytes) {
        return bytes.isPresent()
                ? Format.count(bytes.getAsLong()) + " bytes (" + MemorySize.format(bytes.getAsLong()) + ")"
                : ABSENT;
    }

    private void line(String label, String text) {
        out.println(String.format("%-14s%s", label, text).stripTrailing());
    }
}
