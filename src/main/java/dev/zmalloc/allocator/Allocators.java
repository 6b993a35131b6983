package dev.zmalloc.allocator;

import dev.zmalloc.ffi.Platform;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the allocator of the process, once: by {@link #use} before anything asks for memory, or else by the settings.
 * These are system properties, or variables of the environment where those are not set:
 *
 * <table>
 * <caption>Settings</caption>
 * <tr><th>property</th><th>variable</th><th>value</th></tr>
 * <tr><td>{@code zmalloc.allocator}</td><td>{@code ZMALLOC_ALLOCATOR}</td>
 *     <td>{@code jemalloc} (default), {@code libc}, {@code tcmalloc}, {@code mimalloc}, the name of an
 *     {@link AllocatorProvider}, or the name of a class that implements {@link Allocator}</td></tr>
 * <tr><td>{@code zmalloc.library}</td><td>{@code ZMALLOC_LIBRARY}</td>
 *     <td>path or soname of the library that jemalloc, tcmalloc or mimalloc is to come from; nothing else is tried
 *     then</td></tr>
 * <tr><td>{@code zmalloc.library.sources}</td><td>{@code ZMALLOC_LIBRARY_SOURCES}</td>
 *     <td>where the library may be looked for: any of {@code preloaded,system,bundled}, or {@code none};
 *     all unless set</td></tr>
 * <tr><td>{@code zmalloc.jemalloc.conf}</td><td>{@code ZMALLOC_JEMALLOC_CONF}</td>
 *     <td>options that jemalloc starts with, as in its variable {@code MALLOC_CONF}; what it made of them is in
 *     {@link AllocatorDescription#options}</td></tr>
 * </table>
 */
public final class Allocators {
    /** Name of the property that chooses the allocator. */
    public static final String ALLOCATOR_PROPERTY = "zmalloc.allocator";

    private static final List<String> BUILT_IN =
            List.of(JemallocAllocator.NAME, LibcAllocator.NAME, TcmallocAllocator.NAME, MimallocAllocator.NAME);

    private static final ReentrantLock SELECTION = new ReentrantLock();

    private static @Nullable Allocator selected;

    /** What the settings' choice ended with, if that was a refusal. */
    private static @Nullable String refusal;

    private Allocators() {}

    /**
     * The allocator of the process. Where none was chosen yet, it is the one that the settings name. The first call
     * decides for the life of the process, also when it fails.
     *
     * @throws AllocatorUnavailableException if it cannot be had; the message has every attempt, its outcome and the
     *     cure
     */
    public static Allocator select() {
        SELECTION.lock();
        try {
            if (refusal != null) {
                throw new AllocatorUnavailableException(refusal);
            }
            Allocator allocator = selected;
            if (allocator == null) {
                allocator = watched(Setting.value(ALLOCATOR_PROPERTY).orElse(JemallocAllocator.NAME));
                selected = allocator;
            }
            return allocator;
        } catch (AllocatorUnavailableException e) {
            refusal = e.getMessage();
            throw e;
        } finally {
            SELECTION.unlock();
        }
    }

    /**
     * Chooses the allocator of the process, whatever the settings say. Call it before anything takes memory. Where it
     * fails because the allocator is not there, nothing is chosen yet, and another can be.
     *
     * @param name one of {@link #names}, or the name of a class that implements {@link Allocator}
     * @return the allocator, which serves from now on
     * @throws AllocatorUnavailableException if it cannot be had
     * @throws IllegalStateException if one was chosen already; the message says which
     */
    public static Allocator use(String name) {
        SELECTION.lock();
        try {
            if (refusal != null) {
                throw new IllegalStateException("too late for the allocator " + name
                        + ": one was asked for before, and could not be had: " + refusal);
            }
            if (selected != null) {
                throw new IllegalStateException("too late for the allocator " + name + ": this process uses "
                        + inUse(selected.description())
                        + ". Choose before anything takes memory, or by the setting " + ALLOCATOR_PROPERTY);
            }
            Allocator allocator = watched(name);
            selected = allocator;
            return allocator;
        } finally {
            SELECTION.unlock();
        }
    }

    private static Allocator watched(String name) {
        // A level that there is not is told before a library is loaded.
        DebugLevel level = DebugLevel.selected();
        return NativeMemoryDebug.watch(open(name), level);
    }

    private static String inUse(AllocatorDescription description) {
        StringBuilder words = new StringBuilder(description.name());
        if (!description.version().isEmpty()) {
            words.append(' ').append(description.version());
        }
        if (!description.file().isEmpty()) {
            words.append(" from ").append(description.file());
        }
        return words.toString();
    }

    /**
     * The names that can be chosen, whether or not their libraries are installed: of the built-in allocators, and of
     * the providers that are found and are not broken.
     */
    public static List<String> names() {
        return names(Providers.find(classLoader()));
    }

    private static List<String> names(Providers providers) {
        return Stream.concat(BUILT_IN.stream(), providers.offers().stream().map(Providers.Offer::name))
                .toList();
    }

    /**
     * A fresh binding of an allocator, for one of the application's own to stand around; what serves the process does
     * not change.
     *
     * @param name one of {@link #names}, or the name of a class that implements {@link Allocator}
     * @throws AllocatorUnavailableException if it cannot be had
     */
    public static Allocator open(String name) {
        try {
            Platform.requireSupported();
            return switch (name) {
                case JemallocAllocator.NAME ->
                    LibraryFinder.open(JemallocAllocator.library(JemallocConfiguration.ofSettings()));
                case TcmallocAllocator.NAME -> LibraryFinder.open(TcmallocAllocator.LIBRARY);
                case MimallocAllocator.NAME -> LibraryFinder.open(MimallocAllocator.LIBRARY);
                case LibcAllocator.NAME -> LibcAllocator.open();
                default -> ofProviderOrClass(name);
            };
        } catch (UnsupportedOperationException e) {
            throw new AllocatorUnavailableException(String.valueOf(e.getMessage()), e);
        }
    }

    private static Allocator ofProviderOrClass(String name) {
        Providers providers = Providers.find(classLoader());
        List<Providers.Offer> named = providers.offers().stream()
                .filter(offer -> offer.name().equals(name))
                .toList();
        if (named.size() > 1) {
            throw new AllocatorUnavailableException("more than one provider calls its allocator \"" + name + "\": "
                    + String.join(
                            ", ",
                            named.stream()
                                    .map(offer -> offer.provider().getClass().getName())
                                    .toList()));
        }
        return named.isEmpty() ? ofClass(name, providers) : named.getFirst().create();
    }

    private static Allocator ofClass(String name, Providers providers) {
        try {
            Class<?> type = Class.forName(name, true, classLoader());
            return (Allocator) type.getConstructor().newInstance();
        } catch (ClassNotFoundException e) {
            throw new AllocatorUnavailableException(
                    "no allocator is called \"" + name + "\". " + ALLOCATOR_PROPERTY + " and "
                            + Setting.variable(ALLOCATOR_PROPERTY) + " can be " + String.join(", ", names(providers))
                            + ", or the name of a class that implements " + Allocator.class.getName()
                            + providers.brokenWords(),
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
