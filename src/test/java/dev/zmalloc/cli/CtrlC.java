package dev.zmalloc.cli;

/** Lets what is started from the tests end in order on Ctrl-C, as the command line does. */
public final class CtrlC {
    private final StopSignal signal = new StopSignal();

    /** Makes one that does not listen yet. */
    public CtrlC() {}

    /** Listens from now on. */
    public void listen() {
        signal.install();
    }

    /** Tells whether there was one. */
    public boolean happened() {
        return signal.isRaised();
    }

    /** Says that all is told. Returns the exit status: {@code code}, or that of an interrupted program if it was 0. */
    public int ended(int code) {
        int status = code == ExitCode.OK && signal.isRaised() ? ExitCode.INTERRUPTED : code;
        signal.finished(status);
        return status;
    }
}
