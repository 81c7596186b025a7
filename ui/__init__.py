"""The Streamlit app: pages are thin, what they show comes from `ui.services` as typed records without Streamlit."""
