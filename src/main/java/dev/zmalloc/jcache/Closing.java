package dev.zmalloc.jcache;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Closes what users have given to a cache. */
final class Closing {
    private static final System.Logger LOGGER = System.getLogger("dev.zmalloc");

    private Closing() {}

    /** Closes what can be closed. What it throws is logged: the cache is closed all the same. */
    static void close(@Nullable Object object) {
        if (object instanceof Closeable closeable) {
            try {
                closeable.close();
            } catch (IOException | RuntimeException e) {
                LOGGER.log(
                        System.Logger.Level.WARNING,
                        "could not be closed: " + object.getClass().getName(),
                        e);
            }
        }
    }
}
