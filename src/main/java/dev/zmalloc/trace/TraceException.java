package dev.zmalloc.trace;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A trace that cannot be read. The message is one line for people: the file, where in it, and what is wrong there. */
public final class TraceException extends IOException {
    private static final long serialVersionUID = 1;

    TraceException(Path file, String where, String what, @Nullable Throwable cause) {
        super(file + (where.isEmpty() ? "" : ", " + where) + ": " + what, cause);
    }
}
