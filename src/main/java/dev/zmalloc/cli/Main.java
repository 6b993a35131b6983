package dev.zmalloc.cli;

import dev.zmalloc.allocator.AllocatorUnavailableException;
import dev.zmalloc.store.OffHeapStore;
import dev.zmalloc.trace.TraceException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/** The command line's entry. */
@Command(
        name = Main.NAME,
        description = "Native memory for the JVM that can be counted, capped and swapped.",
        synopsisSubcommandLabel = "COMMAND",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        scope = CommandLine.ScopeType.INHERIT,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done, and all that was verified held",
            "1:verification failed: a byte differed, used memory passed its limit, or memory was not given back",
            "2:the command line was not understood",
            "3:it could not run or finish: no allocator, unreadable or damaged files, a failed worker",
            "130:ended by Ctrl-C, and all that was verified until then held"
        })
public final class Main implements Runnable {
    /** What the program calls itself in messages. */
    static final String NAME = "zmalloc";

    private Main() {}

    /** Runs the command that {@code arguments} names, and exits with its status. */
    public static void main(String[] arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        RunCommand.Environment environment = new RunCommand.Environment(
                JdkFiles::open, OffHeapStore::usedMemory, Terminal.detect(System.getenv()), new StopSignal(), out, err);
        System.exit(execute(environment, arguments));
    }

    /** Runs a command in this process and returns its exit status. */
    static int execute(RunCommand.Environment environment, String... arguments) {
        CommandLine line = new CommandLine(new Main());
        line.addSubcommand(new RunCommand(environment));
        line.addSubcommand(new ReplayCommand(environment));
        line.addSubcommand(new InfoCommand(environment));
        line.addSubcommand(new TopCommand(environment));
        line.addSubcommand(new HelpCommand());
        line.setOut(new PrintWriter(environment.out(), true, environment.out().charset()));
        line.setErr(new PrintWriter(environment.err(), true, environment.err().charset()));
        line.setParameterExceptionHandler((e, words) -> refuse(environment.err(), e));
        line.setExecutionExceptionHandler((e, command, parsed) ->
                fail(environment.err(), e, List.of(arguments).contains("--verbose")));
        try {
            return line.execute(arguments);
        } catch (Error e) {
            // No memory, or a library that does not link: not for the command to handle, but for the user to read.
            return fail(environment.err(), e, List.of(arguments).contains("--verbose"));
        }
    }

    /** Without a command there is nothing to do. */
    @Override
    public void run() {
        throw new ParameterException(new CommandLine(this), "no command; accepted are run, replay, info, top and help");
    }

    private static int refuse(PrintStream err, ParameterException refusal) {
        err.println(NAME + ": " + oneLine(refusal.getMessage()) + " (see "
                + refusal.getCommandLine().getCommandSpec().qualifiedName() + " --help)");
        return ExitCode.USAGE;
    }

    private static int fail(PrintStream err, Throwable failure, boolean verbose) {
        Throwable known = failure instanceof TraceException ? failure : allocatorUnavailable(failure);
        // What the loader said of each attempt takes several lines, and all of them are wanted.
        err.println(NAME + ": " + (known != null ? known.getMessage() : oneLine(failure.toString())));
        if (verbose) {
            failure.printStackTrace(err);
        }
        return ExitCode.ENVIRONMENT;
    }

    private static @Nullable Throwable allocatorUnavailable(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof AllocatorUnavailableException) {
                return cause;
            }
        }
        return null;
    }

    private static String oneLine(@Nullable String text) {
        return String.valueOf(text).strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** The version in the jar's manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {NAME + " " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
