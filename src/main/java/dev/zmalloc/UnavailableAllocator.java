package dev.zmalloc;

import dev.zmalloc.allocator.Allocator;
import dev.zmalloc.allocator.AllocatorUnavailableException;
import java.lang.reflect.Proxy;
import java.util.Set;

/** Stands where a backend could not be had and says why, on every call: the attempts, the loader's words, the cure. */
final class UnavailableAllocator {
    /** False, because they are asked while classes are initialised, where an exception would hide the reason. */
    private static final Set<String> ASKED_AT_START = Set.of("usableBytesExact", "hasUncachedCalls");

    private UnavailableAllocator() {}

    /** One that gives the {@code reason} which the selection of a backend ended with. */
    static Allocator because(AllocatorUnavailableException reason) {
        return (Allocator) Proxy.newProxyInstance(
                Allocator.class.getClassLoader(), new Class<?>[] {Allocator.class}, (self, method, arguments) -> {
                    if (ASKED_AT_START.contains(method.getName())) {
                        return false;
                    }
                    if (method.getName().equals("name")) {
                        return "unavailable";
                    }
                    throw new AllocatorUnavailableException(reason.getMessage(), reason);
                });
    }
}
