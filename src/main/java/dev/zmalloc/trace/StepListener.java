package dev.zmalloc.trace;

/** Told now and then how far a pass is. Called on the thread that makes the pass, every few thousand requests. */
@FunctionalInterface
public interface StepListener {
    /** How many requests lie between two calls. */
    int STEP = 4096;

    /**
     * Takes note.
     *
     * @param done requests so far; bytes of the file where the number of requests is not known yet
     * @return whether to go on
     */
    boolean proceed(long done);
}
