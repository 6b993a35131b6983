package dev.zmalloc.cli;

import java.io.IOException;

/** Files that can be read again and again with the same content. Implementations are safe for use by many threads. */
interface SourceFiles {

    /** Opens the files, which may take a second. */
    @FunctionalInterface
    interface Opener {
        /** Returns the files, or fails if they cannot be listed. */
        SourceFiles open() throws IOException;
    }

    /** Returns one line for people that says what these files are. */
    String title();

    /** Returns how many files there are; at least 1. Files are known by an index below this number. */
    int count();

    /** Returns the bytes in all files together, as they were when listed. */
    long totalBytes();

    /** Returns the name of a file, for messages. */
    String name(int index);

    /** Returns the key under which a file is cached, another for each file. The array is not to be changed. */
    byte[] key(int index);

    /** Reads a whole file from its source; nothing is remembered between calls. The array belongs to the caller. */
    byte[] read(int index) throws IOException;
}
