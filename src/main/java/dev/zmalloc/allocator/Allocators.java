package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Platform;
import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the allocator of the process, once.
 *
 * <p>The settings are system properties, or variables of the environment where those are not set:
 *
 * <table>
 * <caption>Settings</caption>
 * <tr><th>property</th><th>variable</th><th>value</th></tr>
 * <tr><td>{@code zmalloc.allocator}</td><td>{@code ZMALLOC_ALLOCATOR}</td>
 *     <td>{@code jemalloc} (default), {@code libc}, or the name of a class that implements {@link Allocator}</td></tr>
 * <tr><td>{@code zmalloc.library}</td><td>{@code ZMALLOC_LIBRARY}</td>
 *     <td>path or soname of the jemalloc library to use; nothing else is tried then</td></tr>
 * <tr><td>{@code zmalloc.library.sources}</td><td>{@code ZMALLOC_LIBRARY_SOURCES}</td>
 *     <td>where jemalloc may be looked for: any of {@code preloaded,system,bundled}, or {@code none};
 *     all unless set</td></tr>
 * </table>
 */
public final class Allocators {
    /** Name of the property that chooses the allocator. */
    public static final String ALLOCATOR_PROPERTY = "zmalloc.allocator";

    private static final ReentrantLock SELECTION = new ReentrantLock();

    private static @Nullable Allocator selected;

    private Allocators() {}

    /**
     * The allocator that the settings name. The first call that succeeds decides for the life of the process.
     *
     * @throws AllocatorUnavailableException if it cannot be had; the message has every attempt, its outcome and the
     *     cure
     */
    public static Allocator select() {
        SELECTION.lock();
        try {
            Allocator allocator = selected;
            if (allocator == null) {
                DebugLevel level = DebugLevel.selected();
                allocator = NativeMemoryDebug.watch(
                        open(Setting.value(ALLOCATOR_PROPERTY).orElse(JemallocAllocator.NAME)), level);
                selected = allocator;
            }
            return allocator;
        } finally {
            SELECTION.unlock();
        }
    }

    /** A fresh binding of the allocator called {@code name}. */
    static Allocator open(String name) {
        try {
            Platform.requireSupported();
            return switch (name) {
                case JemallocAllocator.NAME -> JemallocFinder.open();
                case LibcAllocator.NAME -> LibcAllocator.open();
                default -> ofClass(name);
            };
        } catch (UnsupportedOperationException e) {
            throw new AllocatorUnavailableException(String.valueOf(e.getMessage()), e);
        }
    }

    private static Allocator ofClass(String name) {
        try {
            Class<?> type = Class.forName(name, true, classLoader());
            return (Allocator) type.getConstructor().newInstance();
        } catch (ClassNotFoundException e) {
            throw new AllocatorUnavailableException(
                    "no allocator is called \"" + name + "\". " + ALLOCATOR_PROPERTY + " and "
                            + Setting.variable(ALLOCATOR_PROPERTY) + " can be " + JemallocAllocator.NAME + ", "
                            + LibcAllocator.NAME + ", or the name of a class that implements "
                            + Allocator.class.getName(),
                    e);
        } catch (ClassCastException e) {
            throw new AllocatorUnavailableException(name + " does not implement " + Allocator.class.getName(), e);
        } catch (NoSuchMethodException | IllegalAccessException | InstantiationException e) {
            throw new AllocatorUnavailableException(
                    name + " must be a public class with a public constructor without parameters: " + e, e);
        } catch (InvocationTargetException e) {
            throw new AllocatorUnavailableException(name + " could not be created: " + e.getCause(), e);
        } catch (LinkageError e) {
            throw new AllocatorUnavailableException(name + " could not be loaded: " + e, e);
        }
    }

    private static ClassLoader classLoader() {
        ClassLoader ofThread = Thread.currentThread().getContextClassLoader();
        return ofThread != null ? ofThread : ClassLoader.getSystemClassLoader();
    }
}
