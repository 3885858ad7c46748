"""VK, by vk_api. Importing this package, or its settings, does not import vk_api."""
