package dev.zmalloc.jcache;

import dev.zmalloc.store.MaxMemoryException;
import javax.cache.CacheException;

/** The limit leaves no room, and the policy can make none. */
final class NoRoomException extends CacheException {
    private static final long serialVersionUID = 1L;

    NoRoomException(MaxMemoryException cause) {
        super(cause.getMessage(), cause);
    }
}
