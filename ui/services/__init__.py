"""What the pages show and do, as typed results; knows nothing of Streamlit."""
