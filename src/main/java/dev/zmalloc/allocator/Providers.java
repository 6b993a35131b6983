package dev.zmalloc.allocator;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * The {@link AllocatorProvider}s that {@link ServiceLoader} finds. One that is broken hides no other.
 *
 * @param offers those that tell their names
 * @param broken what is wrong with each of the others
 */
record Providers(List<Offer> offers, List<String> broken) {
    /** After so many the search ends: a class loader that cannot look for providers fails without end. */
    private static final int MOST_FAILURES = 100;

    /** A provider and the name that it told. */
    record Offer(String name, AllocatorProvider provider) {
        /** The provider's allocator; whatever the provider throws is a refusal. */
        Allocator create() {
            Allocator allocator;
            try {
                allocator = provider.create();
            } catch (AllocatorUnavailableException e) {
                throw e;
            } catch (RuntimeException | LinkageError e) {
                throw new AllocatorUnavailableException(refusal(e.toString()), e);
            }
            if (allocator == null) {
                throw new AllocatorUnavailableException(refusal("it created none"));
            }
            return allocator;
        }

        private String refusal(String reason) {
            return "the allocator \"" + name + "\" could not be had from its provider "
                    + provider.getClass().getName() + ": " + reason;
        }
    }

    /** Those that {@code loader} sees. */
    static Providers find(ClassLoader loader) {
        Providers providers = new Providers(new ArrayList<>(), new ArrayList<>());
        Iterator<AllocatorProvider> found =
                ServiceLoader.load(AllocatorProvider.class, loader).iterator();
        int failures = 0;
        while (failures < MOST_FAILURES) {
            try {
                if (!found.hasNext()) {
                    return providers;
                }
                providers.add(found.next());
            } catch (ServiceConfigurationError e) {
                providers.addBroken(e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause()));
                failures++;
            } catch (LinkageError e) {
                providers.addBroken(e.toString());
                failures++;
            }
        }
        return providers;
    }

    private void addBroken(String what) {
        if (!broken.contains(what)) {
            broken.add(what);
        }
    }

    private void add(AllocatorProvider provider) {
        try {
            String name = provider.name();
            if (name != null) {
                offers.add(new Offer(name, provider));
            } else {
                addBroken(provider.getClass().getName() + " has no name");
            }
        } catch (RuntimeException e) {
            addBroken(provider.getClass().getName() + " does not tell its name: " + e);
        }
    }

    /** For the end of a refusal: the broken ones, a line each; empty if there are none. */
    String brokenWords() {
        return broken.isEmpty()
                ? ""
                : "\n  These providers are broken, and it may be one of theirs:\n    " + String.join("\n    ", broken);
    }
}
