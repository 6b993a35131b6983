package dev.zmalloc.cli;

/** Exit statuses of the command line; {@code --help} lists them. */
final class ExitCode {
    /** The command did what was asked. */
    static final int OK = 0;

    /** Verification failed: a byte differed, used memory passed its limit, or memory was not given back. */
    static final int VERIFICATION_FAILED = 1;

    /** The command line was not understood, or holds a value that cannot be served. */
    static final int USAGE = 2;

    /** The command could not run or finish: no allocator, source files that cannot be read, a failed worker. */
    static final int ENVIRONMENT = 3;

    /** Ended by SIGINT (128 + 2, the shell's convention). SIGTERM gives 143, which the JVM itself sets. */
    static final int INTERRUPTED = 130;

    private ExitCode() {}
}
